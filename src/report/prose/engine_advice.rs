//! Sentences about an engine beyond this machine that `advise` was asked about.

use crate::cluster::engine_advice::{
    EngineAdvice, EngineMeasurement, EngineScaling, EngineVerdict, PaysFrom,
};
use crate::job::engine_report::EngineKind;
use crate::units::{PerSecond, Seconds};

/// Returns the advice in one line.
pub(crate) fn headline(advice: &EngineAdvice) -> String {
    let name = name(&advice.measured);
    match advice.verdict {
        EngineVerdict::Pays => format!("Beyond this machine: {name} pays for this job"),
        EngineVerdict::DoesNotPay => {
            format!("Beyond this machine: {name} does not pay; stay on this machine")
        }
        EngineVerdict::NoDifference => {
            format!("Beyond this machine: {name} is within 10% of this machine; stay on this machine")
        }
    }
}

/// Returns the lines below it, each with its label.
pub(crate) fn lines(advice: &EngineAdvice) -> Vec<(&'static str, String)> {
    vec![
        ("Measured", measured(&advice.measured)),
        ("This job", job(advice)),
        ("Pays", pays(advice)),
        ("Workers", workers(advice)),
    ]
}

fn name(measured: &EngineMeasurement) -> &'static str {
    match measured.kind {
        EngineKind::Dask => "dask.distributed",
        EngineKind::Slurm => "Slurm",
    }
}

/// Returns what its threads are called.
fn unit(kind: EngineKind, number: u64) -> String {
    let (one, many) = match kind {
        EngineKind::Dask => ("thread", "threads"),
        EngineKind::Slurm => ("CPU", "CPUs"),
    };
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

fn measured(engine: &EngineMeasurement) -> String {
    let place = match (engine.kind, &engine.address) {
        (_, None) => String::new(),
        (EngineKind::Dask, Some(address)) => format!(" at {address}"),
        (EngineKind::Slurm, Some(partition)) => format!(" in partition {partition}"),
    };
    let inner = match engine.inner_width {
        0 | 1 => String::new(),
        inner => format!(", {inner} tasks at a time in each"),
    };
    let cost = match (engine.kind, engine.message_s) {
        (_, None) => String::new(),
        (EngineKind::Dask, Some(cost)) => format!("; a message costs {}", Seconds(cost)),
        (EngineKind::Slurm, Some(cost)) => format!("; an array task starts after {}", Seconds(cost)),
    };
    let chunk = match (engine.kind, engine.chunk_items) {
        (EngineKind::Dask, Some(items)) => format!(" and carries {items:.0} tasks"),
        _ => String::new(),
    };
    let failed = if engine.failed > 0 { format!(", {} failed", engine.failed) } else { String::new() };
    format!(
        "{} on {}{place}{inner}{cost}{chunk} ({} tasks were run{failed})",
        per_second(engine.throughput_per_s),
        unit(engine.kind, engine.threads),
        engine.ok + engine.failed
    )
}

fn job(advice: &EngineAdvice) -> String {
    let (job, machine) = (&advice.job, &advice.machine);
    format!(
        "{} take {} there, {} of it to start and to end, and {} here with {} {}",
        tasks(job.tasks),
        Seconds(job.engine_s),
        Seconds(advice.measured.start_s),
        Seconds(job.machine_s),
        machine.strategy,
        machine.width
    )
}

fn pays(advice: &EngineAdvice) -> String {
    let PaysFrom { tasks: number, task_s, threads } = advice.pays_from;
    let these = unit(advice.measured.kind, advice.measured.threads);
    match (number, task_s, threads) {
        (Some(number), Some(task_s), _) => format!(
            "with {these}, from {} of {} on, or in a job of {} from {} each; below that, stay on one machine",
            tasks(number),
            Seconds(advice.machine.task_s),
            tasks(advice.job.tasks),
            Seconds(task_s)
        ),
        (_, _, Some(threads)) => format!(
            "with {these} no job of such tasks is faster there; with {} on other machines this one is",
            unit(advice.measured.kind, threads)
        ),
        _ => format!(
            "with {these} no job of such tasks is faster there, and more of them would not make this one faster"
        ),
    }
}

fn workers(advice: &EngineAdvice) -> String {
    let kind = advice.measured.kind;
    let predicted = advice
        .predicted
        .iter()
        .map(|each| format!("{} {}", unit(kind, each.threads), per_second(each.throughput_per_s)));
    let predicted = predicted.collect::<Vec<_>>().join(", ");
    format!("predicted {predicted}{}", limits(kind, &advice.scaling))
}

fn limits(kind: EngineKind, scaling: &EngineScaling) -> String {
    let dispatch = match (kind, scaling.dispatch_binds_from) {
        (EngineKind::Slurm, _) => {
            "; how many array tasks Slurm can start in a second was not measured".to_owned()
        }
        (_, Some(from)) => format!("; from {} on its scheduler is the limit", unit(kind, from)),
        (_, None) => String::new(),
    };
    let shared = match (scaling.shared_limit_per_s, scaling.shared_binds_from) {
        (Some(limit), Some(from)) => format!(
            "; the server lets {} through, whoever asks: it is the limit from {} on",
            per_second(limit),
            unit(kind, from)
        ),
        _ => String::new(),
    };
    format!("{dispatch}{shared}")
}

fn per_second(rate: f64) -> String {
    format!("{} tasks/s", PerSecond(rate))
}

fn tasks(number: u64) -> String {
    if number == 1 { "1 task".to_owned() } else { format!("{number} tasks") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example::engine_advice;

    fn text(advice: &EngineAdvice) -> String {
        let below = lines(advice).into_iter().map(|(label, line)| format!("{label:9} {line}\n"));
        format!("{}\n{}", headline(advice), below.collect::<String>())
    }

    #[test]
    fn a_cluster_that_pays_says_from_where_on() {
        insta::assert_snapshot!(text(&engine_advice()), @r"
        Beyond this machine: dask.distributed pays for this job
        Measured  1 600 tasks/s on 16 threads at tcp://10.0.0.1:8786; a message costs 2.00 ms and carries 20 tasks (8002 tasks were run, 2 failed)
        This job  5000 tasks take 6.12 s there, 3.00 s of it to start and to end, and 26.0 s here with processes 2
        Pays      with 16 threads, from 458 tasks of 10.0 ms on, or in a job of 5000 tasks from 914 µs each; below that, stay on one machine
        Workers   predicted 32 threads 3 150 tasks/s, 64 threads 6 111 tasks/s, 128 threads 11 528 tasks/s, 256 threads 20 704 tasks/s; from 1000 threads on its scheduler is the limit
        ");
    }

    #[test]
    fn an_engine_that_is_no_faster_says_what_would_be() {
        let mut advice = engine_advice();
        advice.verdict = EngineVerdict::DoesNotPay;
        advice.pays_from = PaysFrom { tasks: None, task_s: None, threads: Some(9) };
        advice.measured.kind = EngineKind::Slurm;
        advice.measured.address = Some("main".to_owned());
        advice.scaling.shared_limit_per_s = Some(900.0);
        advice.scaling.shared_binds_from = Some(9);
        insta::assert_snapshot!(text(&advice), @r"
        Beyond this machine: Slurm does not pay; stay on this machine
        Measured  1 600 tasks/s on 16 CPUs in partition main; an array task starts after 2.00 ms (8002 tasks were run, 2 failed)
        This job  5000 tasks take 6.12 s there, 3.00 s of it to start and to end, and 26.0 s here with processes 2
        Pays      with 16 CPUs no job of such tasks is faster there; with 9 CPUs on other machines this one is
        Workers   predicted 32 CPUs 3 150 tasks/s, 64 CPUs 6 111 tasks/s, 128 CPUs 11 528 tasks/s, 256 CPUs 20 704 tasks/s; how many array tasks Slurm can start in a second was not measured; the server lets 900 tasks/s through, whoever asks: it is the limit from 9 CPUs on
        ");
        advice.pays_from.threads = None;
        assert!(pays(&advice).ends_with("more of them would not make this one faster"));
    }
}
