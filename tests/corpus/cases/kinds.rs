//! Small programs that were judged wrongly once, each with its right value.

use super::{BOTH, CPU, DISK, IO, TIMER};
use crate::case::{Case, LONGER, TO_ITS_END, case, shell};

pub(super) fn all() -> Vec<Case> {
    [children(), wide(), own_descriptors(), polling_parents(), kernel_time()].into_iter().flatten().collect()
}

/// Waits for anything but a child, between short children.
fn children() -> Vec<Case> {
    vec![
        case("children, then a signal", IO, &["signal"], &["perl", "-MPOSIX", "-e", SIGNAL]).lasts(LONGER),
        case("children, then a pipe", IO, &["pipe"], &["perl", "-e", PIPE]).lasts(LONGER),
    ]
}

/// Trees wider than the machine, and waits before many short processes.
fn wide() -> Vec<Case> {
    vec![
        shell("nap, then eight", BOTH, &[], EIGHT, &["perl"]).lasts(TO_ITS_END),
        shell("nap, then short processes", BOTH, &[], CHURN, &["seq"]).lasts(TO_ITS_END),
    ]
}

/// Pipes and sockets between processes of one tree.
fn own_descriptors() -> Vec<Case> {
    vec![
        case("perl, a socketpair", CPU, &[], &["perl", "-MSocket", "-e", SOCKETPAIR]),
        case("perl, loopback", CPU, &[], &["perl", "-MIO::Socket::INET", "-e", LOOPBACK]),
        case("perl, select with a timeout", IO, &["sleep"], &["perl", "-e", SELF_PIPE]).quiet(),
    ]
}

/// Parents that poll for their children.
fn polling_parents() -> Vec<Case> {
    vec![
        case("polling parent, disk", DISK, &["disk"], &["perl", "-MPOSIX", "-e", POLLING_DISK])
            .needs(&["dd"]),
        case("polling parent, computing", CPU, &[], &["perl", "-MPOSIX", "-e", POLLING_CPU]),
        case("semaphore with a timeout", IO, TIMER, &["python3", "-c", SEMAPHORE]).lasts(LONGER).quiet(),
    ]
}

/// Downloads, and then time in the kernel that is no I/O.
fn kernel_time() -> Vec<Case> {
    vec![
        shell("download, then kernel time", BOTH, &[], KERNEL, &["curl", "perl"])
            .lasts(TO_ITS_END)
            .may_hide(&["memory-stalls", "local-server-cpu"]),
    ]
}

const SIGNAL: &str = r#"system("/bin/true") for 1..100; POSIX::sigsuspend(POSIX::SigSet->new)"#;

const PIPE: &str = r#"system("/bin/true") for 1..100; open R, "<", "pipe"; sysread(R, $x, 1)"#;

/// Eight processes compute for a quarter of a second each, after a nap of half of what two CPUs take for it.
const EIGHT: &str = "sleep 1; for i in 1 2 3 4 5 6 7 8; do \
    perl -MTime::HiRes=clock -e 'do { $x += $_ for 1..2000 } while clock() < 0.25' & done; wait";

const CHURN: &str = "sleep 0.7; for i in $(seq 1500); do /bin/true; done";

const SOCKETPAIR: &str = r#"
    socketpair(A, B, AF_UNIX, SOCK_STREAM, 0);
    if (fork) { close A; while (sysread(B, $x, 65536)) { $sum += ord for split //, substr($x, 0, 500) } }
    else { close B; while (1) { $y .= chr($_ % 256) for 1..20000; syswrite(A, $y); $y = "" } }
"#;

const LOOPBACK: &str = r#"
    $server = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1");
    if (fork) { $peer = $server->accept; while (sysread($peer, $x, 65536)) { $sum += ord for split //, $x } }
    else {
        $peer = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $server->sockport);
        while (1) { $y .= chr($_ % 256) for 1..20000; syswrite($peer, $y); $y = "" }
    }
"#;

/// Waits for its own pipe, which nobody writes to, with a timeout.
const SELF_PIPE: &str = r#"
    pipe(R, W);
    vec($set, fileno(R), 1) = 1;
    while (1) { select($ready = $set, undef, undef, 0.2) }
"#;

const POLLING_DISK: &str = r#"
    $child = fork // die;
    exec("dd", "if=data", "of=/dev/null", "bs=4k", "iflag=direct", "status=none") unless $child;
    while (1) {
        if (waitpid($child, WNOHANG)) {
            $child = fork // die;
            exec("dd", "if=data", "of=/dev/null", "bs=4k", "iflag=direct", "status=none") unless $child;
        }
        select(undef, undef, undef, 0.01);
    }
"#;

const POLLING_CPU: &str = r#"
    $child = fork // die;
    unless ($child) { $x += $_ % 7 for 1..1e9 }
    select(undef, undef, undef, 0.01) while waitpid($child, WNOHANG) == 0;
"#;

const SEMAPHORE: &str = "
import multiprocessing
semaphore = multiprocessing.Semaphore(0)
while True:
    semaphore.acquire(timeout=0.5)";

const KERNEL: &str = "curl -s -o state/page http://127.0.0.1:PORT/half; \
    perl -MTime::HiRes=clock -e 'open F, \"/dev/zero\"; sysread F, $x, 1 << 20 while clock() < 0.5'";
