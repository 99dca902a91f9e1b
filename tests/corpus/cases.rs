//! Real programs and their classes.

use conc::internal::Class;
use conc::internal::Class::{CpuBound, IoBound, Mixed};

/// A command and its known properties.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) argv: Vec<&'static str>,
    /// Expected classes of the command; two if the class depends on the disk of the machine.
    pub(crate) classes: &'static [Class],
    /// Expected main waits of the command, if it is I/O-bound.
    pub(crate) waits: &'static [&'static str],
    /// Programs that the command runs besides the first one.
    needs: &'static [&'static str],
    /// Longest time of the profile.
    pub(crate) time: &'static str,
}

/// Profile time that is enough for a confident class.
const TIME: &str = "1300ms";

/// Profile time that is enough for a command that ends by itself, however loaded the machine is.
const TO_ITS_END: &str = "10s";

impl Case {
    /// Returns true if the command is I/O-bound and its main wait is known.
    pub(crate) fn is_io(&self) -> bool {
        self.classes.contains(&IoBound)
    }

    /// Returns the first program that is not installed.
    pub(crate) fn missing(&self) -> Option<&'static str> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let is_there =
            |program: &str| std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
        self.argv[..1].iter().chain(self.needs).copied().find(|program| !is_there(program))
    }
}

fn case(
    name: &'static str,
    classes: &'static [Class],
    waits: &'static [&'static str],
    argv: &[&'static str],
) -> Case {
    Case { name, argv: argv.to_vec(), classes, waits, needs: &[], time: TIME }
}

fn shell(
    name: &'static str,
    classes: &'static [Class],
    waits: &'static [&'static str],
    line: &'static str,
    needs: &'static [&'static str],
) -> Case {
    Case { name, argv: vec!["sh", "-c", line], classes, waits, needs, time: TIME }
}

/// Every case.
pub(crate) fn all() -> Vec<Case> {
    let groups = [cpu(), sleeping(), networking(), waiting_for_others(), writing(), mixed()];
    groups.into_iter().flatten().collect()
}

const CPU: &[Class] = &[CpuBound];
const IO: &[Class] = &[IoBound];
const BOTH: &[Class] = &[Mixed];
const DISK: &[Class] = &[IoBound, Mixed];

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
    vec![
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
    ]
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
        Case { time: TO_ITS_END, ..shell("download, then count", BOTH, &[], PHASED, &["curl", "perl"]) },
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

const TWO_HALVES: &str = "perl -MTime::HiRes=clock,sleep -e 'fork; while (1) { my $end = clock() + 0.02; \
    do { $x += $_ for 1..2000 } while clock() < $end; sleep(0.02) }'";

const ALTERNATING: &str = "while :; do sleep 0.1; perl -MTime::HiRes=clock -e '$end = clock() + 0.1; \
    do { $x += $_ for 1..2000 } while clock() < $end'; done";

const PHASED: &str = "curl -s -o state/page http://127.0.0.1:PORT/half; \
    perl -MTime::HiRes=clock -e '$end = clock() + 0.5; do { $x += $_ for 1..2000 } while clock() < $end'";

const COMMITS: &str = "{ echo 'CREATE TABLE t (x);'; yes 'INSERT INTO t VALUES (1);'; } | sqlite3 state/db";
