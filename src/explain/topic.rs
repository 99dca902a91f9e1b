//! The catalogue of topics.

use crate::explain::markdown::{Block, parse, unmarked};
use crate::explain::programs;

/// A page of documentation that is embedded in the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Topic {
    /// The name that users type.
    pub name: &'static str,
    /// Other words that lead to this page.
    pub aliases: &'static [&'static str],
    /// The page, in Markdown; its first line is `# ` and a title, and programs are links to files.
    pub text: &'static str,
}

macro_rules! topics {
    ($($name:literal $(or $alias:literal)*;)*) => {
        /// Every topic, in the order of the list that `conc explain` prints.
        pub(crate) const TOPICS: &[Topic] = &[$(Topic {
            name: $name,
            aliases: &[$($alias),*],
            text: include_str!(concat!("topics/", $name, ".md")),
        },)*];
    };
}

topics! {
    "strategies" or "strategy" or "width";
    "reading-results" or "results" or "table" or "verdict";
    "commands" or "hooks" or "once" or "shell";
    "own-flag" or "{width}" or "sweep" or "metric";
    "run" or "journal" or "resume" or "xargs" or "parallel";
    "dask" or "distributed" or "client.map";
    "slurm" or "sbatch" or "srun";
    "workload-files" or "toml" or "workload" or "limits" or "init";
    "python" or "callable";
    "pytest" or "xdist" or "wheel";
    "profile" or "class" or "pid" or "wait";
    "check";
    "flags" or "options" or "budget";
    "ci" or "bench" or "baseline" or "gate" or "github";
    "fit" or "usl" or "amdahl" or "scaling";
    "exports" or "csv" or "markdown" or "hyperfine" or "junit" or "html";
    "gil";
    "no-gil";
    "quota" or "cgroup" or "containers";
    "pools" or "queues";
    "cpython" or "3.14" or "3.15";
    "json" or "schema" or "scripts";
    "mcp" or "assistants";
    "exit-codes" or "exit" or "status";
    "method" or "numbers" or "formulas" or "statistics";
    "security" or "safety" or "platforms";
    "fan-out" or "fan-in" or "gather" or "scatter";
    "pipeline" or "stages";
    "worker-pool" or "pool" or "executor";
    "producer-consumer" or "backpressure" or "queue";
    "publish-subscribe" or "pubsub" or "broadcast";
    "semaphore";
    "rate-limit" or "throttle" or "token-bucket";
    "retry" or "backoff" or "jitter";
    "connection-pool" or "keep-alive";
    "batching" or "batch" or "chunks" or "chunksize";
    "graceful-shutdown" or "shutdown" or "sigterm" or "ctrl-c";
    "shared-memory";
    "locks" or "lock" or "mutex" or "race" or "deadlock";
    "event-loop" or "asyncio" or "coroutine" or "await";
    "task-groups" or "taskgroup" or "structured-concurrency" or "cancellation";
    "threads-for-io" or "to_thread" or "blocking";
    "processes-for-cpu" or "processpoolexecutor" or "start-method";
    "performance-tips" or "tips" or "performance" or "slow";
    "web-scraper" or "scraper" or "crawler";
    "data-processor" or "map-reduce";
    "event-system" or "chat" or "websocket";
    "api-client" or "rest";
    "task-queue" or "jobs" or "background-jobs";
    "choosing" or "choose" or "which" or "io-bound" or "cpu-bound";
    "free-threaded" or "free-threading" or "nogil";
    "sub-interpreters" or "subinterpreters" or "interpreterpoolexecutor";
    "asking" or "questions" or "errors" or "traceback";
    "coming-from-hyperfine";
    "coming-from-gnu-parallel" or "gnu-parallel";
    "coming-from-joblib" or "joblib";
    "coming-from-pytest-benchmark" or "pytest-benchmark";
}

/// The headings of the list, each with the topic that it stands above.
pub(super) const HEADINGS: [(&str, &str); 7] = [
    ("strategies", "Using conc"),
    ("fan-out", "Patterns"),
    ("event-loop", "Learning path"),
    ("performance-tips", "Tips and projects"),
    ("choosing", "Choosing, and newer Pythons"),
    ("asking", "Asking"),
    ("coming-from-hyperfine", "Coming from another tool"),
];

impl Topic {
    /// Returns the topic that `name` or one of its aliases names.
    pub(crate) fn find(name: &str) -> Option<&'static Topic> {
        let is = |known: &&str| known.eq_ignore_ascii_case(name);
        TOPICS.iter().find(|topic| is(&topic.name) || topic.aliases.iter().any(is))
    }

    /// Returns the part of the title after the colon: one line that says what the page is about.
    pub(crate) fn summary(&self) -> &'static str {
        self.title().split_once(": ").map_or(self.title(), |(_, summary)| summary)
    }

    /// Returns the page with its programs.
    pub(crate) fn page(&self) -> String {
        programs::expanded(self.text)
    }

    /// Returns the paragraphs and lists of the page as plain text, without programs.
    pub(super) fn prose(&self) -> String {
        let texts = parse(self.text).into_iter().filter_map(|block| match block {
            Block::Heading(_, spans) | Block::Paragraph(spans) | Block::Item(_, _, spans) => Some(spans),
            Block::Code(..) | Block::Table(_) => None,
        });
        texts.map(|spans| unmarked(&spans)).collect::<Vec<_>>().join("\n")
    }

    /// Returns the title of the page.
    pub(crate) fn title(&self) -> &'static str {
        self.text.lines().next().map_or(self.name, |line| line.trim_start_matches("# "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_file_is_a_topic_and_starts_with_a_title() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/explain/topics");
        let files: BTreeSet<String> = std::fs::read_dir(directory)
            .expect("topics")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        let names: BTreeSet<String> = TOPICS.iter().map(|topic| format!("{}.md", topic.name)).collect();
        assert_eq!(files, names);
        for topic in TOPICS {
            assert!(topic.text.starts_with("# "), "{}", topic.name);
            assert!(!topic.title().is_empty() && topic.title().len() <= 60, "{}", topic.title());
        }
    }

    #[test]
    fn a_topic_with_a_program_says_when_not_what_it_costs_and_what_to_read() {
        // Their programs need a cluster; `conc advise --on` measures them.
        let is_of_cluster = |topic: &&Topic| ["dask", "slurm"].contains(&topic.name);
        let topics = TOPICS.iter().filter(|topic| !is_of_cluster(topic));
        for topic in topics.filter(|topic| programs::shown(topic.text).next().is_some()) {
            for part in ["When not", "Program", "What it costs", "Pitfalls", "Read"] {
                assert!(topic.text.contains(&format!("\n## {part}\n")), "{}: {part}", topic.name);
            }
            let measure = format!("conc explain --measure {}\n", topic.name);
            assert!(topic.text.contains(&measure), "{}", topic.name);
        }
    }

    #[test]
    fn headings_stand_above_topics() {
        for (name, heading) in HEADINGS {
            assert!(TOPICS.iter().any(|topic| topic.name == name), "{heading}: {name}");
        }
    }

    #[test]
    fn no_two_topics_share_a_word() {
        let words = || TOPICS.iter().flat_map(|t| t.aliases.iter().copied().chain([t.name]));
        assert_eq!(words().collect::<BTreeSet<_>>().len(), words().count());
    }
}
