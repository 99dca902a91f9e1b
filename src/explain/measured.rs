//! The workload that belongs to a topic: what `conc explain --measure TOPIC` runs.

/// Words after `conc advise`. A word with `.py` is a program of a topic, with or without the name of its callable.
pub(crate) type MeasuredWorkload = &'static [&'static str];

/// The workload of each topic.
const WORKLOADS: [(&str, MeasuredWorkload); 26] = [
    ("fan-out", &["sleep-io"]),
    ("pipeline", &["fetch-parse-mixed"]),
    ("worker-pool", &["task-queue"]),
    ("producer-consumer", &["task-queue"]),
    ("publish-subscribe", &["event-system"]),
    ("semaphore", &["limited-upstream"]),
    ("rate-limit", &["sleep-io", "--rate", "200"]),
    ("retry", &["api-client"]),
    ("connection-pool", &["api-client"]),
    ("batching", &["tiny-tasks"]),
    ("graceful-shutdown", &["task-queue"]),
    ("shared-memory", &["memory-bandwidth"]),
    ("locks", &["shared-lock"]),
    ("event-loop", &["sleep-io"]),
    ("task-groups", &["sleep-io"]),
    ("threads-for-io", &["threads_for_io.py:fetch"]),
    ("processes-for-cpu", &["processes_for_cpu.py:count_primes"]),
    ("performance-tips", &["performance_tips.py:work"]),
    ("web-scraper", &["web-scraper"]),
    ("data-processor", &["data-processor"]),
    ("event-system", &["event-system"]),
    ("api-client", &["api-client"]),
    ("task-queue", &["task-queue"]),
    ("choosing", &["fetch-parse-mixed"]),
    ("free-threaded", &["processes_for_cpu.py:count_primes", "--strategy", "threads,processes"]),
    ("sub-interpreters", &["processes_for_cpu.py:count_primes"]),
];

/// Returns the workload of a topic; `None` if it has none.
pub(crate) fn measured(topic: &str) -> Option<MeasuredWorkload> {
    WORKLOADS.iter().find(|(name, _)| *name == topic).map(|(_, workload)| *workload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::programs;
    use crate::explain::topic::TOPICS;

    #[test]
    fn a_topic_has_a_workload_if_it_says_so() {
        for topic in TOPICS {
            let says_so = topic.text.contains(&format!("conc explain --measure {}\n", topic.name));
            let shows = programs::shown(topic.text).next().is_some();
            assert_eq!(says_so && shows, measured(topic.name).is_some(), "{}", topic.name);
        }
    }

    #[test]
    fn programs_that_are_measured_exist() {
        let words = WORKLOADS.iter().flat_map(|(_, workload)| *workload);
        for (file, callable) in words.filter_map(|word| word.split_once(':')) {
            let text = programs::program(file).unwrap_or_else(|| panic!("{file}"));
            assert!(text.contains(&format!("def {callable}(")) && text.contains("\nitems = "), "{file}");
        }
    }
}
