//! Everyday tools: compression, copies, sorting, version control, builds.

use super::{CPU, DISK, IO, OF_CLIENTS};
use crate::case::{Case, LONGER, case, shell};

pub(super) fn computing() -> Vec<Case> {
    vec![
        case("bzip2", CPU, &[], &["bzip2", "-9", "-c", "data"]),
        shell(
            "tar, zstd",
            CPU,
            &[],
            "while :; do tar -c data | zstd -q -12 > /dev/null; done",
            &["tar", "zstd"],
        ),
        shell("git, hashing", CPU, &[], "while :; do git hash-object data; done", &["git"]),
        shell("git, packing", CPU, &[], PACKING, &["git"]),
        shell("rsync, two folders", CPU, &[], RSYNC, &["rsync", "ln"]),
        shell(
            "sort",
            CPU,
            &[],
            "while :; do fold -w 64 data | sort -S 32M > /dev/null; done",
            &["fold", "sort"],
        ),
        shell("sha256sum", CPU, &[], "while :; do sha256sum data; done", &["sha256sum"]),
        case("awk", CPU, &[], &["awk", "BEGIN { while (1) x += i++ % 7 }"]),
        shell("compilers, two at a time", CPU, &[], COMPILERS, &["gcc", "make"]).lasts(LONGER),
        case("openssl speed, two", CPU, &[], &["openssl", "speed", "-multi", "2", "-seconds", "1", "sha256"]),
        case("stress-ng sockets", CPU, &[], &["stress-ng", "--sock", "1", "--timeout", "5"]),
    ]
}

pub(super) fn waiting() -> Vec<Case> {
    let quiet = vec![
        case("timeout", IO, &["sleep"], &["timeout", "5", "sleep", "6"]),
        shell("xargs", IO, &["sleep"], "yes 0.2 | xargs -P 4 -n 1 sleep", &["yes", "xargs"]),
        shell("make", IO, &["sleep"], NAPS, &["make"]),
        case("rsync, slowed down", IO, &["sleep"], &["rsync", "--bwlimit=200", "data", "state/copy"]),
        case("git, slow server", IO, &["network"], &["git", "ls-remote", "http://127.0.0.1:PORT/stream"])
            .lasts("1700ms")
            .may_hide(OF_CLIENTS),
        shell("tail -f", IO, &["other"], "echo > state/log; exec tail -f state/log", &["tail"]),
    ];
    let disk = vec![
        case("fio, io_uring", DISK, &["disk"], &FIO_URING),
        case("fio, libaio", DISK, &["disk"], &FIO_LIBAIO),
        shell(
            "cp and sync",
            DISK,
            &["disk"],
            "while :; do cp data state/copy; sync state/copy; done",
            &["cp", "sync"],
        ),
    ];
    quiet.into_iter().map(Case::quiet).chain(disk).collect()
}

const PACKING: &str = "git init -q state/r && cp data state/r && cd state/r && git add data && \
    git -c user.name=a -c user.email=a@b commit -qm a && while :; do git repack -qadF; done";

/// Compares the contents of two folders; short runs would mostly sleep, as rsync does before it ends.
const RSYNC: &str = "mkdir state/a state/b && cp data state/a/0 && cp data state/b/0 && \
    for i in $(seq 400); do ln state/a/0 state/a/$i; ln state/b/0 state/b/$i; done && \
    rsync -a --checksum --checksum-choice=md5 state/a/ state/b";

/// Two compilers at a time, on files that take a while each.
const COMPILERS: &str = "cd state && for i in 1 2 3 4; do \
    { echo 'int f(int); int g(int a) { int b = a;'; yes 'b += f(b) * (b ^ a);' | head -n 3000; echo 'return b; }'; } \
    > $i.c; done; while :; do rm -f *.o; make -s -j 2 CFLAGS=-O1 1.o 2.o 3.o 4.o; done";

const NAPS: &str = "cd state && printf 'all: 1 2 3 4 5 6\\n%%:\\n\\tsleep 1\\n' > Makefile && make -s -j 2";

const FIO_URING: [&str; 11] = [
    "fio",
    "--name=a",
    "--ioengine=io_uring",
    "--filename=data",
    "--direct=1",
    "--rw=randread",
    "--bs=64k",
    "--time_based",
    "--runtime=5",
    "--iodepth=4",
    "--output=state/out",
];

const FIO_LIBAIO: [&str; 11] = [
    "fio",
    "--name=a",
    "--ioengine=libaio",
    "--filename=data",
    "--direct=1",
    "--rw=randread",
    "--bs=64k",
    "--time_based",
    "--runtime=5",
    "--iodepth=4",
    "--output=state/out",
];
