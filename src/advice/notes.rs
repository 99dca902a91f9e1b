//! Facts worth knowing before the advice is followed.

use crate::advice::choose::{Choice, Rival};
use crate::advice::chunks;
use crate::advice::eligible::failure_share;
use crate::advice::interpreter;
use crate::advice::limit::Situation;
use crate::advice::result::Verdict;
use crate::profile::Class;
use crate::profile::result::Confidence;
use crate::strategy::StrategyKind;
use crate::units::{Seconds, Share};
use crate::workload::spec::StepSpec;

/// From this probability on a cell counts as near the best.
const PROBABLY: f64 = 0.5;

/// Start-up that takes this share of the run is worth a word.
const STARTUP_SHARE: f64 = 0.2;

/// A 99th percentile this many times the median, and grown by [`TAIL_GROWTH`] over the reference, is
/// a long tail.
const TAIL: f64 = 3.0;

/// See [`TAIL`]: a tail that sequential tasks have as well is not the width's doing.
const TAIL_GROWTH: f64 = 2.0;

/// Failures worth a word.
const FAILURES: f64 = 0.01;

/// The longest a task should compute between two awaits: "no more than 10 to 100 microseconds"
/// (Alice Ryhl, "Async: What is blocking?", 2020).
const LOOP_HELD_S: f64 = 100e-6;

/// CPU time per task that grew this much shows that tasks compete for more than CPUs.
const CPU_GROWTH: f64 = 1.5;

/// Times with a coefficient of variation from here on differ as much as exponential ones.
const WIDE: f64 = 1.0;

/// Tasks below which one slow one says nothing about the others.
const FEWEST_TO_DIFFER: u64 = 10;

/// Seconds of a mean task from which on being interrupted once does not look like a slow item.
const SHORTEST_TO_DIFFER_S: f64 = 1e-3;

/// Share of the time in the run queue beyond which times are those of the machine.
const CROWDED: f64 = 0.1;

/// A command that uses more CPUs than this by itself runs threads of its own.
const NESTED_FROM: f64 = 1.2;

/// Every note that applies, in the order of importance.
pub(crate) fn notes(at: &Situation<'_>) -> Vec<String> {
    let notes = [
        at.choice.note.clone(),
        different_outputs(at.choice),
        failures(at.choice),
        low_confidence(at),
        undecided(at.choice),
        nested_pools(at),
        dispersion(at),
        event_loop_held(at),
        blocking_pool(at),
        oversubscribed(at),
        cpu_growth(at),
        startup(at),
        chunks::note(at),
        tail(at.choice),
        fixture(at),
    ];
    notes.into_iter().flatten().chain(interpreter::notes(at)).collect()
}

fn different_outputs(choice: &Choice<'_>) -> Option<String> {
    let digest = choice.chosen.digest.as_ref()?;
    let other = choice.eligible.iter().find(|c| c.digest.as_ref().is_some_and(|d| d != digest))?;
    Some(format!("{} and {} gave different outputs for the same items", choice.chosen.cell, other.cell))
}

fn failures(choice: &Choice<'_>) -> Option<String> {
    let share = failure_share(&choice.chosen.tasks);
    let cause = choice.chosen.errors.first();
    let cause = cause.map(|e| format!(", most of them with {} ({})", e.code, e.message)).unwrap_or_default();
    (share >= FAILURES).then(|| format!("{} of the tasks fail{cause}", Share(share)))
}

fn low_confidence(at: &Situation<'_>) -> Option<String> {
    let profile = at.profile;
    (profile.confidence == Confidence::Low)
        .then(|| format!("the class is of low confidence: {}", profile.confidence_reason))
}

fn undecided(choice: &Choice<'_>) -> Option<String> {
    let is_open = |rival: &&Rival<'_>| choice.verdict == Verdict::Undecided && !rival.cell.rounds.is_empty();
    let rival = choice.rivals.first().filter(is_open)?;
    let hardly_matters = rival.cell.outlook.is_some_and(|outlook| outlook.near_best >= PROBABLY);
    let then = if hardly_matters {
        "either is probably within 5% of the best"
    } else {
        "a larger --budget narrows it down"
    };
    Some(format!("{} against {} is undecided; {then}", choice.chosen.cell, rival.cell.cell))
}

fn nested_pools(at: &Situation<'_>) -> Option<String> {
    let used = (at.profile.cpu_user_s + at.profile.cpu_system_s) / at.profile.wall_s;
    (used > NESTED_FROM && at.choice.chosen.cell.width > 1).then(|| {
        format!(
            "one task alone uses {used:.1} CPUs: it has threads of its own, and several at once oversubscribe"
        )
    })
}

/// Where tasks differ widely, what a short batch shows depends on which of them it drew.
fn dispersion(at: &Situation<'_>) -> Option<String> {
    let dispersion = at.profile.dispersion.as_ref()?;
    let (cv, slowest) = (dispersion.coefficient_of_variation, dispersion.slowest.first()?);
    let mean_s = at.profile.wall_s / at.profile.tasks as f64;
    // What a short or crowded-out task takes, the scheduler decides and not the item.
    let is_its_own = mean_s >= SHORTEST_TO_DIFFER_S && at.profile.runqueue_s <= CROWDED * at.profile.wall_s;
    (cv >= WIDE && at.profile.tasks >= FEWEST_TO_DIFFER && is_its_own).then(|| {
        format!(
            "tasks differ widely in the time they take (coefficient of variation {cv:.1}): '{}' took {}, the mean is {}",
            slowest.item,
            Seconds(slowest.wall_s),
            Seconds(mean_s)
        )
    })
}

/// Computing on an event loop keeps every other task of that thread waiting.
fn event_loop_held(at: &Situation<'_>) -> Option<String> {
    let on_the_loop = at.choice.chosen.cell.strategy == StrategyKind::Async;
    let steps = at.workload.steps.iter().zip(&at.profile.steps);
    let longest =
        steps.filter(|(s, _)| matches!(s, StepSpec::Cpu(_))).map(|(_, c)| c.wall_s).reduce(f64::max)?;
    (on_the_loop && longest > LOOP_HELD_S).then(|| {
        format!("CPU steps hold a thread of the event loop for {} while other tasks wait", Seconds(longest))
    })
}

fn blocking_pool(at: &Situation<'_>) -> Option<String> {
    let step = at.facts.blocking_step.filter(|_| at.profile.python.is_none())?;
    let on_the_loop = matches!(at.choice.chosen.cell.strategy, StrategyKind::Async | StrategyKind::Hybrid);
    on_the_loop.then(|| format!("{step} has no async form: the event loop hands it to a pool of threads"))
}

fn oversubscribed(at: &Situation<'_>) -> Option<String> {
    let cell = at.choice.chosen.cell;
    let workers = cell.processes.unwrap_or(cell.width);
    let cpus = at.host.cpus_effective;
    (at.profile.class == Class::CpuBound && workers as f64 > 2.0 * cpus.ceil()).then(|| {
        format!("{workers} workers compute on {cpus} CPUs: the system switches between them for nothing")
    })
}

fn cpu_growth(at: &Situation<'_>) -> Option<String> {
    let growth = at.choice.chosen.cpu_s_per_task? / at.profile.task.cpu_s;
    (at.profile.class != Class::IoBound && growth >= CPU_GROWTH).then(|| {
        format!("a task uses {growth:.1}x the CPU it uses alone: tasks compete for caches or memory")
    })
}

fn startup(at: &Situation<'_>) -> Option<String> {
    let startup_s = at.choice.chosen.startup_s?;
    let share = startup_s / (at.workload.tasks() as f64 / at.choice.chosen.throughput_per_s?);
    (share >= STARTUP_SHARE).then(|| {
        let share = Share(share.min(1.0));
        format!(
            "starting up takes {}, {share} of the run; with more tasks it weighs less",
            Seconds(startup_s)
        )
    })
}

fn tail(choice: &Choice<'_>) -> Option<String> {
    let latency = choice.chosen.latency_s?;
    let alone = choice.eligible.iter().find(|c| c.cell.strategy == StrategyKind::Sequential)?.latency_s?;
    (latency.p99 >= TAIL * latency.p50 && latency.p99 >= TAIL_GROWTH * alone.p99).then(|| {
        format!(
            "latency has a long tail at this width: p99 {} against p50 {}; --objective latency chooses a narrower one",
            Seconds(latency.p99),
            Seconds(latency.p50)
        )
    })
}

fn fixture(at: &Situation<'_>) -> Option<String> {
    (at.workload.needs_fixture() && at.choice.chosen.cell.width > 1).then(|| {
        "the embedded server runs on the same CPUs as the tasks; with a server elsewhere more are free"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::choose::choose;
    use crate::advice::facts::Facts;
    use crate::advice::objective::Objective;
    use crate::advice::testing::*;
    use crate::advice::tree::decide;
    use crate::benchmark::ConfigurationResult;
    use crate::benchmark::result::{ErrorCount, Latency, LedgerPerTask};
    use crate::diagnostics::Code;
    use crate::profile::Profile;
    use crate::profile::result::{Dispersion, SlowTask};
    use crate::workload::Workload;

    fn told(workload: &Workload, profile: &Profile, cells: &[ConfigurationResult]) -> String {
        let host = host(2.0);
        let facts = Facts::of(workload, profile, 2.0);
        let choice = choose(cells, &decide(&facts), Objective::Throughput).unwrap();
        let at = Situation { workload, profile, host: &host, facts: &facts, cells, choice: &choice };
        notes(&at).join("\n")
    }

    fn plain() -> (Workload, Profile) {
        let workload = workload(1000, vec![sleep()]);
        let profile = profile(&workload, Class::IoBound, 0.0001, 0.01);
        (workload, profile)
    }

    fn latency(p50: f64, p99: f64) -> Option<Latency> {
        Some(Latency { p50, p90: p99, p99, max: p99 })
    }

    #[test]
    fn an_uneventful_run_has_no_notes() {
        let (workload, profile) = plain();
        let cells = [cell(StrategyKind::Sequential, 1, 100.0), cell(StrategyKind::Async, 64, 6000.0)];
        assert_eq!(told(&workload, &profile, &cells), "");
    }

    #[test]
    fn failures_are_told_with_their_most_frequent_cause() {
        let (workload, profile) = plain();
        let mut cells = [
            failing(cell(StrategyKind::Sequential, 1, 100.0), 0.02),
            failing(cell(StrategyKind::Async, 64, 6000.0), 0.02),
        ];
        let message = "status 503".to_owned();
        cells[1].errors = vec![ErrorCount { code: Code::TaskHttpStatus, count: 40, message }];
        let text = told(&workload, &profile, &cells);
        assert_eq!(text, "2% of the tasks fail, most of them with E-TASK-001 (status 503)");
    }

    #[test]
    fn different_outputs_are_a_finding() {
        let (workload, profile) = plain();
        let mut cells = [cell(StrategyKind::Sequential, 1, 100.0), cell(StrategyKind::Async, 64, 6000.0)];
        cells[0].digest = Some("a".to_owned());
        cells[1].digest = Some("b".to_owned());
        let text = told(&workload, &profile, &cells);
        assert_eq!(text, "async 64 and sequential 1 gave different outputs for the same items");
        cells[1].digest = None;
        assert_eq!(told(&workload, &profile, &cells), "");
    }

    #[test]
    fn start_up_and_tail_are_told_when_they_weigh() {
        let (workload, profile) = plain();
        let mut cells = [cell(StrategyKind::Sequential, 1, 100.0), cell(StrategyKind::Async, 64, 6000.0)];
        cells[0].latency_s = latency(0.01, 0.011);
        cells[1].latency_s = latency(0.01, 0.05);
        cells[1].startup_s = Some(0.05);
        let text = told(&workload, &profile, &cells);
        assert!(text.contains("starting up takes 50.0 ms, 30% of the run"), "{text}");
        assert!(text.contains("p99 50.0 ms against p50 10.0 ms"), "{text}");
        cells[0].latency_s = latency(0.01, 0.05);
        cells[1].startup_s = Some(0.001);
        assert_eq!(told(&workload, &profile, &cells), "");
    }

    #[test]
    fn computing_on_the_event_loop_is_told() {
        let workload = workload(1000, vec![http(), cpu()]);
        let profile = profile(&workload, Class::IoBound, 0.002, 0.044);
        let cells = [cell(StrategyKind::Sequential, 1, 22.0), cell(StrategyKind::Async, 64, 900.0)];
        let text = told(&workload, &profile, &cells);
        assert!(text.contains("CPU steps hold a thread of the event loop for 2.00 ms"), "{text}");
        assert!(text.contains("embedded server"), "{text}");
    }

    #[test]
    fn a_step_without_async_form_is_told_where_an_event_loop_runs_it() {
        let workload = workload(1000, vec![read()]);
        let profile = profile(&workload, Class::IoBound, 0.0001, 0.01);
        let run = |kind| [cell(StrategyKind::Sequential, 1, 22.0), cell(kind, 64, 900.0)];
        let told = |kind| told(&workload, &profile, &run(kind));
        assert_eq!(
            told(StrategyKind::Async),
            "read has no async form: the event loop hands it to a pool of threads"
        );
        assert_eq!(told(StrategyKind::Threads), "");
    }

    #[test]
    fn too_many_computing_workers_and_growing_cpu_time_are_told() {
        let workload = workload(1000, vec![cpu()]);
        let profile = profile(&workload, Class::CpuBound, 0.01, 0.0);
        let cells = [
            cell(StrategyKind::Sequential, 1, 100.0),
            with_cpu(cell(StrategyKind::WorkStealing, 16, 190.0), 0.018),
        ];
        let text = told(&workload, &profile, &cells);
        assert!(text.contains("16 workers compute on 2 CPUs"), "{text}");
        assert!(text.contains("1.8x the CPU"), "{text}");
    }

    #[test]
    fn commands_with_threads_of_their_own_are_told() {
        let workload = workload(1000, vec![command()]);
        let mut profile = profile(&workload, Class::CpuBound, 0.01, 0.0001);
        profile.cpu_user_s = profile.wall_s * 1.9;
        let cells = [cell(StrategyKind::Sequential, 1, 100.0), cell(StrategyKind::Threads, 2, 190.0)];
        assert!(told(&workload, &profile, &cells).contains("one task alone uses 1.9 CPUs"));
    }

    #[test]
    fn tasks_that_differ_widely_are_told_with_the_slowest() {
        let (workload, mut profile) = plain();
        (profile.tasks, profile.wall_s) = (100, 2.0);
        let slowest = vec![SlowTask { item: "big.csv".to_owned(), wall_s: 0.8 }];
        profile.dispersion = Some(Dispersion { coefficient_of_variation: 2.34, slowest });
        let cells = [cell(StrategyKind::Sequential, 1, 100.0), cell(StrategyKind::Async, 64, 6000.0)];
        let text = told(&workload, &profile, &cells);
        assert!(
            text.contains("(coefficient of variation 2.3): 'big.csv' took 800 ms, the mean is 20.0 ms"),
            "{text}"
        );
        profile.tasks = 5;
        assert_eq!(told(&workload, &profile, &cells), "");
    }

    #[test]
    fn chunks_are_told_where_messages_weigh() {
        let workload = workload(100_000, vec![cpu()]);
        let profile = profile(&workload, Class::CpuBound, 20e-6, 0.0);
        let ledger = LedgerPerTask {
            workers: 2,
            startup_s: 0.0,
            waiting_s: 0.0,
            working_s: 20e-6,
            transfer_s: 0.5e-6,
            tasks_per_message: 25.0,
            message_s: Some(12e-6),
        };
        let mut cells = [cell(StrategyKind::Sequential, 1, 50e3), cell(StrategyKind::Processes, 2, 95e3)];
        cells[1].ledger = Some(ledger);
        let text = told(&workload, &profile, &cells);
        assert!(
            text.contains("send 12 tasks per message: a task takes 20.0 µs and a message costs 12.0 µs"),
            "{text}"
        );
        assert!(text.ends_with("chunksize=135"), "{text}");
    }

    #[test]
    fn doubt_about_class_and_winner_is_told() {
        let (workload, mut profile) = plain();
        profile.confidence = Confidence::Low;
        profile.confidence_reason = "3 samples".to_owned();
        let cells =
            [noisy(StrategyKind::Threads, 64, 6000.0, 0.5), noisy(StrategyKind::Async, 64, 6100.0, 0.5)];
        let text = told(&workload, &profile, &cells);
        assert!(text.contains("low confidence: 3 samples"), "{text}");
        assert!(text.contains("async 64 against threads 64 is undecided; a larger --budget"), "{text}");
    }
}
