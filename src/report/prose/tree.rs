//! The process tree of a profiled command.

use crate::profile::result::{
    Exit, ExitStatus, Pattern, Phase, ProcessUse, SampleSource, Sampling, ThreadUse, Tree,
};
use crate::report::prose::workload::counted;
use crate::units::{Seconds, Share};

/// Minimum mean number of concurrent workers to be reported as several.
const SEVERAL_WORKERS: f64 = 1.5;

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
    fn an_exit_is_named_unless_all_went_well() {
        let of = |status, code, signal| exit(&Exit { status, code, signal, left_behind: 0 });
        assert_eq!(of(ExitStatus::Exited, Some(0), None), None);
        assert_eq!(of(ExitStatus::Exited, Some(3), None).unwrap(), "exit code 3");
        assert_eq!(of(ExitStatus::Signalled, None, Some(9)).unwrap(), "killed by signal 9");
        assert_eq!(of(ExitStatus::Stopped, None, None).unwrap(), "stopped, because its time was up");
        assert_eq!(of(ExitStatus::Interrupted, None, None).unwrap(), "stopped by the interrupt");
    }
}
