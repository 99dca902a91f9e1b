//! Details of configurations that `--verbose` adds: worker processes, errors, alternatives.

use crate::benchmark::Configuration;
use crate::benchmark::result::{ErrorCount, LedgerPerTask};
use crate::units::Seconds;

/// Returns the Pareto front of the configurations; `None` if there is only one.
pub(crate) fn pareto(configurations: &[Configuration]) -> Option<String> {
    let names: Vec<String> = configurations.iter().map(Configuration::to_string).collect();
    (names.len() > 1)
        .then(|| format!("best trade-offs of throughput, latency, CPU and memory: {}", names.join(", ")))
}

/// Returns the time of worker processes, by kind.
pub(crate) fn workers(cell: Configuration, ledger: &LedgerPerTask) -> String {
    format!(
        "{cell}, per task: start-up {}, waiting {}, working {}, transfer {}; {:.1} tasks per message{}",
        Seconds(ledger.startup_s),
        Seconds(ledger.waiting_s),
        Seconds(ledger.working_s),
        Seconds(ledger.transfer_s),
        ledger.tasks_per_message,
        ledger.message_s.map_or(String::new(), |cost| format!(", {} per message", Seconds(cost))),
    )
}

/// Returns a kind of failure with its count.
pub(crate) fn error(cell: Configuration, error: &ErrorCount) -> String {
    format!("{cell}: {} x {} {}", error.count, error.code, error.message)
}

/// The sentence for a pipeline without a program in any language.
pub(crate) const NO_PIPELINE_PROGRAM: &str = "no program: stages cannot keep a timeout, a rate or retries of whole \
    tasks; without them under [limits] and [retry], or with --strategy threads, there is one";

/// Returns the sentence for a language in which there is no program.
pub(crate) fn no_program(language: &str) -> String {
    match language {
        "shell" => "no lines for a shell: the tasks are no commands".to_owned(),
        _ => format!("no program in {language}: the tasks are written in another language"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;
    use crate::strategy::StrategyKind;

    const PROCESSES: Configuration =
        Configuration { strategy: StrategyKind::Processes, width: 2, processes: None, stages: None };

    #[test]
    fn configurations_that_nothing_beats_are_named() {
        let both = [Configuration::REFERENCE, PROCESSES];
        assert!(pareto(&both).unwrap().ends_with("memory: sequential 1, processes 2"));
        assert_eq!(pareto(&both[..1]), None);
    }

    #[test]
    fn the_time_of_workers_is_told_per_task() {
        let ledger = LedgerPerTask {
            workers: 2,
            startup_s: 5e-6,
            waiting_s: 9e-5,
            working_s: 1.7e-3,
            transfer_s: 1.6e-5,
            tasks_per_message: 1.0,
            message_s: Some(1.4e-5),
        };
        assert_eq!(
            workers(PROCESSES, &ledger),
            "processes 2, per task: start-up 5.00 µs, waiting 90.0 µs, working 1.70 ms, transfer 16.0 µs; 1.0 tasks per message, 14.0 µs per message"
        );
    }

    #[test]
    fn an_error_has_its_count_and_code() {
        let count = ErrorCount { code: Code::TaskTimeout, count: 3, message: "timed out".to_owned() };
        assert_eq!(error(PROCESSES, &count), "processes 2: 3 x E-TASK-003 timed out");
    }
}
