//! The meaning of the name of a column, whoever wrote it.
//!
//! A name is taken apart into words: case, underscores, blanks and points do not matter, a unit may follow in
//! brackets, and `/s`, `per_sec` or `PerSecond` make a rate. Words that only qualify are left out; what remains has
//! to be a word of the vocabulary.

use std::sync::LazyLock;

use regex::Regex;

use crate::report::fit::read::number::period;
use crate::report::fit::read::vocabulary::{
    CONCURRENCY, COUNTED, DONE, FAILURES, NEEDS_PLURAL, OTHER, QUALIFIERS, RUN_TIME, THROUGHPUT, VAGUE,
};

/// A name, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Name {
    /// The words outside of brackets, in lower case and in the singular, without the unit of a rate.
    words: Vec<String>,
    /// True if the last word is a plural.
    is_plural: bool,
    /// Seconds that a rate is counted over; `None` if the name has no unit of a rate.
    per: Option<f64>,
    /// Number in the unit of a rate: 1000 for krps.
    magnitude: f64,
    /// True if the unit is a number of bytes or bits.
    is_bytes: bool,
    /// True if the unit is a percentage.
    is_percent: bool,
    /// Seconds in the unit of a time; 1 if none is named.
    time_unit: f64,
}

/// The form that failures are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failures {
    /// A number.
    Count,
    /// A number per second.
    PerSecond,
    /// A share of the tasks, from 0 to 1, or a percentage.
    Share,
    /// The share of the tasks that succeeded.
    Success,
}

impl Name {
    /// Takes a name apart.
    pub(super) fn new(name: &str) -> Self {
        static BRACKETS: LazyLock<Regex> = LazyLock::new(|| pattern(r"[(\[]([^)\]]*)[)\]]?"));
        static RATE: LazyLock<Regex> =
            LazyLock::new(|| pattern(r"(?:/|\bper\b)\s*(s|secs?|seconds?|min|minutes?|h|hours?)\b"));
        let spaced = spaced(name);
        let unit: String = BRACKETS.captures_iter(&spaced).map(|found| found[1].to_owned() + " ").collect();
        let outside = BRACKETS.replace_all(&spaced, " ");
        let rate = [&*outside, &*unit].into_iter().find_map(|text| RATE.find(text));
        let first = spaced.split_whitespace().find(|word| ["rpm", "tpm", "qpm", "tpmc"].contains(word));
        let per = rate.map(|found| period(&found.as_str().replace("per", "/"))).or(first.map(|_| 60.0));
        let all = format!("{outside} {unit}");
        let is_plural = |word: &str| word.len() > 3 && word.ends_with('s');
        Name {
            is_plural: outside.split_whitespace().next_back().is_some_and(is_plural),
            words: RATE
                .replace_all(&outside, " ")
                .split(|c: char| !c.is_alphanumeric())
                .filter_map(singular)
                .collect(),
            per,
            magnitude: magnitude(&all),
            is_bytes: all.split(|c: char| !c.is_alphanumeric()).any(is_bytes),
            is_percent: all.contains('%') || all.contains("percent") || all.contains("pct"),
            time_unit: if unit.trim() == "ms" || all.trim_end().ends_with(" ms") { 1e-3 } else { 1.0 },
        }
    }

    /// Returns the rank of a width; `None` if the name is no width.
    pub(super) fn concurrency(&self) -> Option<u32> {
        if self.per.is_some() || self.is_bytes || self.is_percent || self.is_other() {
            return None;
        }
        let (core, qualifiers) = self.core();
        if NEEDS_PLURAL.contains(&core.as_str()) && qualifiers == 0 && !self.is_plural {
            return None;
        }
        let rank_of = |text: &str| CONCURRENCY.iter().find(|(word, _)| *word == text).map(|(_, rank)| *rank);
        let words = || core.split(' ').map(rank_of).collect::<Option<Vec<u32>>>();
        // The last of several words is what is counted: client threads are threads.
        let rank = rank_of(&core).or_else(|| words()?.last().copied())?;
        Some(rank * 10 + qualifiers)
    }

    /// Returns the rank of a throughput; `None` if the name is no throughput.
    pub(super) fn throughput(&self) -> Option<u32> {
        if self.is_percent || self.is_other() || self.words.iter().any(|word| word == "max" || word == "peak")
        {
            return None;
        }
        let (core, qualifiers) = self.core();
        let rank_of = |text: &str| THROUGHPUT.iter().find(|(word, _)| *word == text).map(|(_, rank)| *rank);
        // The last of several words is what is counted: read IOPS are IOPS.
        let last = || rank_of(core.rsplit_once(' ')?.1).filter(|rank| *rank < VAGUE).map(|rank| rank + 2);
        let known = rank_of(&core).or_else(last);
        let rank = match (known, self.per) {
            _ if self.is_bytes && (known.is_some() || self.per.is_some()) => 7,
            (Some(rank), _) => rank,
            (None, Some(_)) if COUNTED.contains(&core.as_str()) => 1,
            (None, Some(_)) if core.split(' ').count() <= 2 => 4,
            _ => return None,
        };
        Some(rank * 10 + qualifiers)
    }

    /// Returns the seconds that one of a throughput is counted over: 60 for requests per minute, 0.001 for krps.
    pub(super) fn period(&self) -> f64 {
        self.per.unwrap_or(1.0) / self.magnitude
    }

    /// Returns the form of failures; `None` if the name is about something else.
    pub(super) fn failures(&self) -> Option<Failures> {
        let has = |word: &str| self.words.iter().any(|w| w == word);
        let is_share = self.is_percent || has("rate") || has("ratio") || has("share");
        if has("success") || has("succeeded") {
            return is_share.then_some(Failures::Success);
        }
        if !FAILURES.iter().any(|word| has(word)) || has("time") || has("message") || has("code") {
            return None;
        }
        Some(match self.per {
            Some(_) => Failures::PerSecond,
            None if is_share => Failures::Share,
            None => Failures::Count,
        })
    }

    /// Returns true for a number of tasks done.
    pub(super) fn is_count(&self) -> bool {
        let (core, _) = self.core();
        self.per.is_none() && !self.is_bytes && !self.is_other() && DONE.contains(&core.as_str())
    }

    /// Returns the seconds in the unit of a time that a run took; `None` if the name is no such time.
    pub(super) fn run_time(&self) -> Option<f64> {
        let is_time = |word: &String| {
            let qualifies =
                QUALIFIERS.contains(&word.as_str()) || word == "for" || word == "test" || word == "run";
            qualifies || RUN_TIME.contains(&word.as_str()) || word == "s" || word == "ms" || word == "sec"
        };
        let has_time =
            self.words.iter().any(|word| RUN_TIME.contains(&word.as_str()) || word == "s" || word == "sec");
        (has_time && self.per.is_none() && !self.is_percent && self.words.iter().all(is_time))
            .then_some(self.time_unit)
    }

    /// Returns the seconds in the unit of a time; 1 if the name has no unit.
    pub(super) fn time_unit(&self) -> f64 {
        self.time_unit
    }

    /// Returns true if the unit is a percentage.
    pub(super) fn is_percent(&self) -> bool {
        self.is_percent
    }

    /// Returns true for the same name in another spelling.
    pub(super) fn is_like(&self, other: &Name) -> bool {
        self.words == other.words && self.per == other.per
    }

    fn is_other(&self) -> bool {
        let is_percentile =
            |w: &str| w.len() > 1 && w.starts_with('p') && w[1..].bytes().all(|b| b.is_ascii_digit());
        self.words.iter().any(|w| OTHER.contains(&w.as_str()) || is_percentile(w))
    }

    /// Returns the words that do not only qualify, and the number of those that do.
    fn core(&self) -> (String, u32) {
        let (qualifiers, core): (Vec<&String>, Vec<&String>) =
            self.words.iter().partition(|word| QUALIFIERS.contains(&word.as_str()));
        let core: Vec<&str> = core.into_iter().map(String::as_str).collect();
        (core.join(" "), qualifiers.len() as u32)
    }
}

/// Compiles a pattern of this file.
fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern that tests compile")
}

/// Returns a name in lower case, with blanks for what separates words.
fn spaced(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    let mut before = ' ';
    for c in name.chars() {
        if c.is_uppercase() && before.is_lowercase() {
            out.push(' ');
        }
        before = c;
        out.extend(if ['_', '-', '.', ':'].contains(&c) { vec![' '] } else { c.to_lowercase().collect() });
    }
    out
}

/// Returns a word without the ending of a plural.
fn singular(word: &str) -> Option<String> {
    let stem = match word {
        "" => return None,
        "processes" => "process",
        "vus" | "tps" | "rps" | "qps" | "ops" | "iops" | "krps" | "kops" | "kiops" | "ms" | "us"
        | "process" | "success" => word,
        _ if word.len() > 3 && word.ends_with('s') => &word[..word.len() - 1],
        _ => word,
    };
    Some(stem.to_owned())
}

/// Returns the number that the unit of a rate stands for.
fn magnitude(name: &str) -> f64 {
    let has = |starts: &[&str]| {
        let mut words = name.split(|c: char| !c.is_alphanumeric()).peekable();
        std::iter::from_fn(|| words.next().map(|word| (word, words.peek().copied().unwrap_or_default()))).any(
            |(word, next)| {
                starts.contains(&word) || word == starts[0] && ["req", "requests", "ops"].contains(&next)
            },
        )
    };
    match () {
        () if has(&["k", "krps", "kreq", "kops", "ktps", "kqps", "kiops", "thousand"]) => 1e3,
        () if has(&["m", "mrps", "mreq", "mops", "million"]) => 1e6,
        () => 1.0,
    }
}

fn is_bytes(word: &str) -> bool {
    let bare = word.strip_suffix("ps").unwrap_or(word).trim_end_matches('s');
    ["kb", "mb", "gb", "kib", "mib", "gib", "byte", "kbit", "mbit", "gbit", "bw"].contains(&bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_known_in_every_spelling() {
        for name in [
            "concurrency",
            "Concurrency Level",
            "User Count",
            "user_count",
            "vus",
            "vus_max",
            "VUs",
            "# threads",
            "Number of threads",
            "numThreads",
            "allThreads",
            "parameter_threads",
            "number of clients",
            "concurrent users",
            "Connections",
            "spec.numberOfConnections",
            "iodepth",
            "IO depth",
            "workers",
            "n",
            "N",
            "Threads (total)",
            "num_jobs",
            "numjobs",
            "client threads",
            "processes",
            "parameters.jobs",
            "in-flight",
            "Virtual Users",
            "-c",
        ] {
            assert!(Name::new(name).concurrency().is_some(), "{name}: {:?}", Name::new(name));
        }
        for name in [
            "connections/s",
            "thread time",
            "requests",
            "Failures/s",
            "connection errors",
            "cpu %",
            "user time (s)",
            "p99",
            "memory (MB)",
            "number of requests",
            "Requests/s",
            "label",
            "min threads",
            "CPU usage",
            "user",
            "cpu",
        ] {
            assert_eq!(Name::new(name).concurrency(), None, "{name}: {:?}", Name::new(name));
        }
        assert!(Name::new("connections").concurrency() < Name::new("threads").concurrency());
    }

    #[test]
    fn throughput_is_known_in_every_spelling() {
        for (name, period) in [
            ("throughput", 1.0),
            ("throughput_per_s", 1.0),
            ("Requests/sec", 1.0),
            ("requests_per_sec", 1.0),
            ("requestsPerSec", 1.0),
            ("req/s", 1.0),
            ("Requests per second [#/sec] (mean)", 1.0),
            ("TPS", 1.0),
            ("tps (excluding connections establishing)", 1.0),
            ("Throughput (req/s)", 1.0),
            ("requests/min", 60.0),
            ("rpm", 60.0),
            ("krps", 1e-3),
            ("Throughput (k req/s)", 1e-3),
            ("avg_rps", 1.0),
            ("result.rps.mean", 1.0),
            ("Transactions per sec.", 1.0),
            ("events per second", 1.0),
            ("iops", 1.0),
            ("MB/s", 1.0),
            ("X", 1.0),
            ("pages/s", 1.0),
        ] {
            let name_of = Name::new(name);
            assert!(name_of.throughput().is_some(), "{name}: {name_of:?}");
            assert_eq!(name_of.period(), period, "{name}");
        }
        for name in [
            "Failures/s",
            "err/s",
            "Transfer/sec",
            "Sent KB/sec",
            "Received KB/sec",
            "latency",
            "target rps",
            "p99",
            "success rate",
            "rps_stddev",
            "error rate",
            "requests",
            "min tps",
            "Error %",
        ] {
            assert_eq!(Name::new(name).throughput(), None, "{name}: {:?}", Name::new(name));
        }
        let rank = |name: &str| Name::new(name).throughput();
        assert!(rank("Requests/sec") < rank("MB/s") && rank("throughput") < rank("rate"));
        assert!(rank("transaction_rate") < rank("throughput") && rank("rps") < rank("throughput"));
        assert!(rank("tps") < rank("qps") && rank("Requests/sec") < rank("pages/s"));
    }

    #[test]
    fn failures_counts_and_times_are_told_apart() {
        for (name, form) in [
            ("Failures/s", Failures::PerSecond),
            ("errors", Failures::Count),
            ("Failed requests", Failures::Count),
            ("Error %", Failures::Share),
            ("error_rate", Failures::Share),
            ("successRate", Failures::Success),
            ("Total Failure Count", Failures::Count),
        ] {
            assert_eq!(Name::new(name).failures(), Some(form), "{name}");
        }
        assert_eq!(Name::new("throughput").failures(), None);
        assert!(Name::new("Complete requests").is_count() && Name::new("requests").is_count());
        assert!(Name::new("# Samples").is_count() && !Name::new("Requests/s").is_count());
        assert_eq!(Name::new("elapsed (ms)").run_time(), Some(1e-3));
        assert_eq!(Name::new("Time taken for tests").run_time(), Some(1.0));
        assert_eq!(Name::new("latency").run_time(), None);
    }
}
