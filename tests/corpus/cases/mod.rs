//! Real programs and their classes.

mod engines;
mod kinds;
mod parallel;
mod servers;
mod tools;

use conc::internal::Class;
use conc::internal::Class::{CpuBound, IoBound, Mixed};

use crate::case::{Case, TO_ITS_END, case, shell};

const CPU: &[Class] = &[CpuBound];
const IO: &[Class] = &[IoBound];
const BOTH: &[Class] = &[Mixed];
const DISK: &[Class] = &[IoBound, Mixed];

/// Waits for a timer; a futex with a timeout does not show whether anybody else would wake it.
const TIMER: &[&str] = &["sleep", "lock-or-timer"];

/// What may be unknown of a client of a server on this machine.
const OF_CLIENTS: &[&str] = &["local-server-cpu", "remote-server"];

/// Cases that are judged wrongly so far: they run only by name.
pub(crate) const PENDING: [&str; 5] =
    ["node, computing child", "java, a lock", "erlang, sleeping", "postgres, commits", "stress-ng sockets"];

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let quiet = [sleeping(), networking(), waiting_for_others()].into_iter().flatten().map(Case::quiet);
    let others = [
        cpu(),
        writing(),
        mixed(),
        tools::computing(),
        tools::waiting(),
        engines::all(),
        parallel::all(),
        servers::all(),
        kinds::all(),
    ];
    quiet.chain(others.into_iter().flatten()).collect()
}

fn cpu() -> Vec<Case> {
    vec![
        case("xz", CPU, &[], &["xz", "-9", "-k", "-c", "data"]),
        case("xz, two threads", CPU, &[], &["xz", "-T2", "--block-size=1MiB", "-k", "-c", "data"]),
        case("gzip", CPU, &[], &["gzip", "-9", "-c", "data"]),
        case("openssl speed", CPU, &[], &["openssl", "speed", "-seconds", "1", "sha256"]),
        case("openssl keys", CPU, &[], &["openssl", "genrsa", "8192"]),
        case("sqlite3 in memory", CPU, &[], &["sqlite3", ":memory:", SUM]),
        case("stress-ng cpu", CPU, &[], &["stress-ng", "--cpu", "1", "--timeout", "5"]),
        case("stress-ng matrix, two", CPU, &[], &["stress-ng", "--matrix", "2", "--timeout", "5"]),
        case(
            "stress-ng memory",
            CPU,
            &[],
            &["stress-ng", "--vm", "1", "--vm-bytes", "32m", "--timeout", "5"],
        ),
        case("stress-ng system calls", CPU, &[], &["stress-ng", "--getdent", "1", "--timeout", "5"]),
        case("stress-ng pipe", CPU, &[], &["stress-ng", "--pipe", "1", "--timeout", "5"]),
        case("dd of zeros, kernel time", CPU, &[], &["dd", "if=/dev/zero", "of=/dev/null", "bs=1M"]),
        case("dd of random bytes", CPU, &[], &["dd", "if=/dev/urandom", "of=/dev/null", "bs=64k"]),
        case("perl", CPU, &[], &["perl", "-e", "$x += $_ % 7 for 1..1e9"]),
        shell("nested shells that count", CPU, &[], "sh -c 'sh -c \"while :; do :; done\"; true'; true", &[]),
        shell("fork-heavy loop", CPU, &[], "while :; do /bin/true; done", &[]),
        shell("shells in a loop", CPU, &[], "while :; do sh -c 'echo $(echo x)' > /dev/null; done", &[]),
        shell("pipeline", CPU, &[], "yes | sed s/y/n/ | md5sum", &["yes", "sed", "md5sum"]),
        shell(
            "two at once",
            CPU,
            &[],
            "gzip -9 -c data >/dev/null & xz -k -c data >/dev/null; wait",
            &["gzip", "xz"],
        ),
    ]
}

fn sleeping() -> Vec<Case> {
    vec![
        case("sleep", IO, &["sleep"], &["sleep", "5"]),
        shell("nested shells that sleep", IO, &["sleep"], "sh -c 'sh -c \"sleep 5; true\"; true'; true", &[]),
        shell("loop of naps", IO, &["sleep"], "while :; do sleep 0.1; done", &[]),
        shell("waiting for a child", IO, &["sleep"], "sleep 5 & sleep 4 & wait", &[]),
        shell("slow producer", IO, &["sleep"], "while :; do echo x; sleep 0.1; done | cat", &["cat"]),
        case("perl, select as sleep", IO, &["sleep"], &["perl", "-e", "select(undef, undef, undef, 5)"]),
    ]
}

fn networking() -> Vec<Case> {
    let clients = vec![
        case("curl, slow download", IO, &["network"], &["curl", "-s", "http://127.0.0.1:PORT/stream"]),
        shell(
            "curl in a loop",
            IO,
            &["network"],
            "while :; do curl -s http://127.0.0.1:PORT/page; done",
            &["curl"],
        ),
        case("curl, two at once", IO, &["network"], &["curl", "-s", "-Z", STREAM, STREAM]),
        case(
            "openssl, silent server",
            IO,
            &["network"],
            &["openssl", "s_client", "-connect", "127.0.0.1:PORT"],
        ),
    ];
    clients.into_iter().map(|case| case.may_hide(OF_CLIENTS)).collect()
}

fn waiting_for_others() -> Vec<Case> {
    vec![
        case("cat of a pipe", IO, &["pipe"], &["cat", "pipe"]),
        shell("shell reads a pipe", IO, &["pipe"], "read line < pipe", &[]),
        case("dd of a pipe", IO, &["pipe"], &["dd", "if=pipe", "of=/dev/null"]),
        case(
            "python3, a lock",
            IO,
            &["lock"],
            &["python3", "-c", "import threading; l = threading.Lock(); l.acquire(); l.acquire()"],
        ),
        case("flock", IO, &["lock"], &["flock", "lock", "true"]),
        case(
            "sqlite3, locked database",
            IO,
            &["sleep"],
            &["sqlite3", "-cmd", ".timeout 60000", "locked.db", "INSERT INTO t VALUES (1)"],
        ),
    ]
}

fn writing() -> Vec<Case> {
    vec![
        case("dd dsync", IO, &["disk"], &["dd", "if=/dev/zero", "of=state/out", "bs=4k", "oflag=dsync"]),
        case("dd direct", DISK, &["disk"], &["dd", "if=/dev/zero", "of=state/out", "bs=4k", "oflag=direct"]),
        case(
            "dd direct, reading",
            DISK,
            &["disk"],
            &["dd", "if=data", "of=/dev/null", "bs=4k", "iflag=direct"],
        ),
        shell("sqlite3, commits", DISK, &["disk"], COMMITS, &["sqlite3", "yes"]),
        case(
            "stress-ng hdd",
            DISK,
            &["disk"],
            &[
                "stress-ng",
                "--hdd",
                "1",
                "--hdd-opts",
                "dsync",
                "--hdd-write-size",
                "4096",
                "--temp-path",
                "state",
                "--timeout",
                "5",
            ],
        ),
    ]
}

fn mixed() -> Vec<Case> {
    vec![
        case("half duty", BOTH, &[], &["perl", "-MTime::HiRes=clock,sleep", "-e", HALF]),
        shell("two at half duty", BOTH, &[], TWO_HALVES, &["perl"]),
        shell("download, then count", BOTH, &[], PHASED, &["curl", "perl"])
            .lasts(TO_ITS_END)
            .may_hide(&["memory-stalls", "local-server-cpu"]),
        case(
            "stress-ng at half load",
            BOTH,
            &[],
            &["stress-ng", "--cpu", "1", "--cpu-load", "50", "--timeout", "5"],
        ),
        shell("nap, then count", BOTH, &[], ALTERNATING, &["perl"]),
    ]
}

const SUM: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) \
                   SELECT sum(i % 7) FROM n";

const STREAM: &str = "http://127.0.0.1:PORT/stream";

/// Computes for 10 ms of CPU time, whatever wall time that takes, and waits for as long.
const HALF: &str = "while (1) { my $end = clock() + 0.01; \
    do { $x += $_ for 1..2000 } while clock() < $end; sleep(0.01) }";

/// Both compute at the same times: by turns, one of them would always compute.
const TWO_HALVES: &str = "perl -MTime::HiRes=clock,sleep,time -e 'fork; while (1) { my $end = clock() + 0.018; \
    do { $x += $_ for 1..2000 } while clock() < $end; \
    my $now = time; sleep(0.04 * (int($now / 0.04) + 1) - $now) }'";

const ALTERNATING: &str = "while :; do sleep 0.1; perl -MTime::HiRes=clock -e '$end = clock() + 0.1; \
    do { $x += $_ for 1..2000 } while clock() < $end'; done";

const PHASED: &str = "curl -s -o state/page http://127.0.0.1:PORT/half; \
    perl -MTime::HiRes=clock -e '$end = clock() + 0.5; do { $x += $_ for 1..2000 } while clock() < $end'";

const COMMITS: &str = "{ echo 'CREATE TABLE t (x);'; yes 'INSERT INTO t VALUES (1);'; } | sqlite3 state/db";
