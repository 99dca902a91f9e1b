//! The process tree of a profiled command.

use crate::profile::result::{
    Exit, ExitStatus, Pattern, Phase, ProcessUse, SampleSource, Sampling, Sockets, ThreadUse, Throttling,
    Tree,
};
use crate::report::prose::workload::counted;
use crate::units::{Seconds, Share};

/// Minimum mean number of concurrent workers to be reported as several.
const SEVERAL_WORKERS: f64 = 1.5;

/// Minimum share of the time for which a quota held the tree back, or a signal stopped it, to be told.
const WORTH_TELLING_SHARE: f64 = 0.01;

/// Returns the order of computing and waiting; `None` if that order is unknown.
pub(crate) fn pattern(tree: &Tree) -> Option<String> {
    Some(match tree.pattern {
        Pattern::Unknown => return None,
        Pattern::Steady => "steady: nearly all of one kind from start to end".to_owned(),
        Pattern::Interleaved => "interleaved: computes and waits in short turns".to_owned(),
        Pattern::Phased => {
            let parts: Vec<_> = tree.phases.iter().map(phase).collect();
            format!("phased: {}", parts.join("; "))
        }
    })
}

fn phase(phase: &Phase) -> String {
    let wait = phase.main_wait.map(|kind| format!(", waits for {}", kind.as_str())).unwrap_or_default();
    format!(
        "{} from {} to {} (CPU {}{wait})",
        phase.class.as_str(),
        Seconds(phase.from_s),
        Seconds(phase.to_s),
        Share(phase.cpu_fraction)
    )
}

/// Returns the number of processes and threads, and the number that worked at a time.
pub(crate) fn size(tree: &Tree) -> String {
    let processes =
        if tree.processes == 1 { "1 process".to_owned() } else { format!("{} processes", tree.processes) };
    let runs = if tree.runs > 1 { format!(" in {} runs", tree.runs) } else { String::new() };
    let at_once = tree.workers.at_once;
    let workers = (at_once >= SEVERAL_WORKERS).then(|| {
        format!("; {at_once:.1} workers at a time, each computing {} of its time", Share(tree.workers.duty))
    });
    format!("{processes}, {}{runs}{}", counted(tree.threads, "thread"), workers.unwrap_or_default())
}

/// Returns the load on the rest of the machine; `None` if it is unknown.
pub(crate) fn machine(tree: &Tree) -> Option<String> {
    let machine = tree.machine;
    let stolen = machine.stolen.filter(|share| *share > 0.0);
    let known = [
        machine.others_cpus.map(|cpus| format!("other programs used {cpus:.1} CPUs")),
        machine.cpu_pressure.map(|share| format!("CPU pressure {}", Share(share))),
        stolen.map(|share| format!("the hypervisor took {} of the CPU time", Share(share))),
    ];
    let known: Vec<_> = known.into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// Returns the time for which a quota held the tree back; `None` if it hardly did.
pub(crate) fn throttling(tree: &Tree) -> Option<String> {
    let throttling = tree.throttling.filter(|throttling| throttling.share >= WORTH_TELLING_SHARE)?;
    let Throttling { quota_cpus, share, .. } = throttling;
    let quota = (quota_cpus * 100.0).round() / 100.0;
    let cpus = if quota == 1.0 { "CPU" } else { "CPUs" };
    Some(format!("by its quota of {quota} {cpus} for {} of the time", Share(share)))
}

/// Returns the time in which a signal kept the tree stopped; `None` if it hardly did.
pub(crate) fn stopped(tree: &Tree, wall_s: f64) -> Option<String> {
    let whole_s = wall_s + tree.stopped_s;
    let is_told = tree.stopped_s > 0.0 && tree.stopped_s >= WORTH_TELLING_SHARE * whole_s;
    is_told.then(|| {
        format!("by a signal for {} of {}, which do not count", Seconds(tree.stopped_s), Seconds(whole_s))
    })
}

/// Returns who asks whom; `None` for a tree without sockets.
pub(crate) fn sockets(tree: &Tree) -> Option<String> {
    let Sockets { listening, clients, servers } = tree.sockets?;
    let known = [
        (listening > 0).then(|| format!("{} for clients to come", counted(listening, "socket"))),
        (clients > 0).then(|| format!("{} from clients", counted(clients, "connection"))),
        (servers > 0).then(|| format!("{} to servers", counted(servers, "connection"))),
    ];
    let known: Vec<_> = known.into_iter().flatten().collect();
    (!known.is_empty()).then(|| known.join(", "))
}

/// Returns the source of the samples, their period and their cost.
pub(crate) fn sampling(sampling: &Sampling, wall_s: f64) -> String {
    let source = match sampling.source {
        SampleSource::Proc => "/proc",
        SampleSource::Sysinfo => "sysinfo",
    };
    let cost = if wall_s > 0.0 { sampling.cpu_s / wall_s } else { 0.0 };
    format!("{source} every {}, using {} of a CPU", Seconds(sampling.period_s), Share(cost))
}

/// Returns the way the command ended; `None` for an exit code of 0.
pub(crate) fn exit(exit: &Exit) -> Option<String> {
    Some(match exit.status {
        ExitStatus::Exited if exit.code == Some(0) => return None,
        ExitStatus::Exited => format!("exit code {}", exit.code.unwrap_or_default()),
        ExitStatus::Signalled => format!("killed by signal {}", exit.signal.unwrap_or_default()),
        ExitStatus::Stopped => "stopped, because its time was up".to_owned(),
        ExitStatus::Interrupted => "stopped by the interrupt".to_owned(),
    })
}

/// Returns the resource use of a process, with the activity of its thread if there is only one.
pub(crate) fn process(process: &ProcessUse) -> String {
    let who = who(&process.name, process.pid, process.count);
    let kernel = process.system_share.map(|share| format!(" ({} kernel)", Share(share))).unwrap_or_default();
    let only = match process.threads.as_slice() {
        [thread] => activity(thread),
        _ => String::new(),
    };
    let (cpu, queue) = (Seconds(process.cpu_s), Seconds(process.runqueue_s));
    format!("{who}: {cpu} CPU{kernel}, {queue} in the run queue{only}")
}

/// Returns the resource use and the activity of a thread.
pub(crate) fn thread(thread: &ThreadUse) -> String {
    let who = who(&thread.name, thread.tid, thread.count);
    let (cpu, queue) = (Seconds(thread.cpu_s), Seconds(thread.runqueue_s));
    format!("{who}: {cpu} CPU, {queue} in the run queue{}", activity(thread))
}

fn who(name: &str, id: Option<u32>, count: u64) -> String {
    match id {
        Some(id) => format!("{name} ({id})"),
        None => format!("{count} others ({name})"),
    }
}

/// Returns the share of time a thread was runnable, and its main kind of wait.
fn activity(thread: &ThreadUse) -> String {
    let wait =
        thread.waits.main().map(|kind| format!(", otherwise mostly {}", kind.as_str())).unwrap_or_default();
    format!("; runnable {}{wait}", Share(thread.runnable))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    fn tree() -> Tree {
        *example::command().profile.unwrap().tree.unwrap()
    }

    #[test]
    fn phases_are_named_in_their_order() {
        let mut tree = tree();
        assert_eq!(
            pattern(&tree).unwrap(),
            "phased: io-bound from 0 s to 2.00 s (CPU 2%, waits for network); cpu-bound from 2.00 s to 4.00 s (CPU 98%)"
        );
        tree.pattern = Pattern::Interleaved;
        assert_eq!(pattern(&tree).unwrap(), "interleaved: computes and waits in short turns");
        tree.pattern = Pattern::Steady;
        assert_eq!(pattern(&tree).unwrap(), "steady: nearly all of one kind from start to end");
        tree.pattern = Pattern::Unknown;
        assert_eq!(pattern(&tree), None);
    }

    #[test]
    fn the_size_counts_processes_and_workers() {
        let mut tree = tree();
        assert_eq!(
            size(&tree),
            "3 processes, 4 threads; 1.9 workers at a time, each computing 50% of its time"
        );
        (tree.processes, tree.threads, tree.runs, tree.workers.at_once) = (1, 1, 3, 1.0);
        assert_eq!(size(&tree), "1 process, 1 thread in 3 runs");
    }

    #[test]
    fn the_machine_is_described_as_far_as_it_is_known() {
        let mut tree = tree();
        assert_eq!(machine(&tree).unwrap(), "other programs used 0.1 CPUs, CPU pressure 2%");
        tree.machine.stolen = Some(0.07);
        assert!(machine(&tree).unwrap().ends_with("the hypervisor took 7% of the CPU time"));
        (tree.machine.others_cpus, tree.machine.cpu_pressure, tree.machine.stolen) = (None, None, None);
        assert_eq!(machine(&tree), None);
        assert_eq!(sampling(&tree.sampling, 4.0), "/proc every 20.0 ms, using 0.5% of a CPU");
    }

    #[test]
    fn stopped_time_and_sockets_are_told_where_there_are_any() {
        let mut tree = tree();
        assert_eq!((stopped(&tree, 4.0), sockets(&tree)), (None, None));
        tree.stopped_s = 1.0;
        assert_eq!(stopped(&tree, 3.0).unwrap(), "by a signal for 1.00 s of 4.00 s, which do not count");
        tree.sockets = Some(Sockets { listening: 2, clients: 1, servers: 0 });
        assert_eq!(sockets(&tree).unwrap(), "2 sockets for clients to come, 1 connection from clients");
        tree.sockets = Some(Sockets { servers: 3, ..Sockets::default() });
        assert_eq!(sockets(&tree).unwrap(), "3 connections to servers");
    }

    #[test]
    fn a_quota_is_told_if_it_holds_back() {
        let mut tree = tree();
        assert_eq!(throttling(&tree), None);
        let held = Throttling {
            quota_cpus: 0.5,
            share: 0.472,
            throttled_s: 1.9,
            periods: 40,
            throttled_periods: 39,
        };
        tree.throttling = Some(held);
        assert_eq!(throttling(&tree).unwrap(), "by its quota of 0.5 CPUs for 47% of the time");
        tree.throttling = Some(Throttling { quota_cpus: 1.0, share: 0.2, ..held });
        assert_eq!(throttling(&tree).unwrap(), "by its quota of 1 CPU for 20% of the time");
        tree.throttling = Some(Throttling { share: 0.004, ..held });
        assert_eq!(throttling(&tree), None);
    }

    #[test]
    fn an_exit_is_named_unless_all_went_well() {
        let of = |status, code, signal| exit(&Exit { status, code, signal, left_behind: 0 });
        assert_eq!(of(ExitStatus::Exited, Some(0), None), None);
        assert_eq!(of(ExitStatus::Exited, Some(3), None).unwrap(), "exit code 3");
        assert_eq!(of(ExitStatus::Signalled, None, Some(9)).unwrap(), "killed by signal 9");
        assert_eq!(of(ExitStatus::Stopped, None, None).unwrap(), "stopped, because its time was up");
        assert_eq!(of(ExitStatus::Interrupted, None, None).unwrap(), "stopped by the interrupt");
    }
}
