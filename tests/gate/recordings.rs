//! What was recorded, and draws from it.

use std::collections::BTreeMap;

use conc::internal::{BatchMetrics, Configuration, Series, StrategyKind};
use rand::RngExt;
use rand::rngs::StdRng;

/// CPUs of the machine that the recordings are of.
pub(crate) const CPUS: f64 = 2.0;

/// Batches that are kept together.
pub(crate) const BLOCK: usize = 20;

/// Nothing else ran.
pub(crate) const IDLE: &str = "idle";

/// Another program kept one CPU busy every other second.
const BURSTS: &str = "bursts";

/// Conditions of the machine, of which some may not be recorded.
const CONDITIONS: [&str; 4] = [IDLE, "loaded", "disturbed", BURSTS];

const FILES: [&str; 2] = [include_str!("../data/noise.csv"), include_str!("../data/noise_more.csv")];

/// A recording: its workload, its condition and its number.
type Key = (String, String, u32);

/// Batches in the order in which they ran.
pub(crate) struct Recordings(BTreeMap<Key, Vec<BatchMetrics>>);

impl Recordings {
    pub(crate) fn load() -> Self {
        let mut recordings: BTreeMap<Key, Vec<BatchMetrics>> = BTreeMap::new();
        for line in FILES.iter().flat_map(|file| file.lines()).filter(|line| !line.starts_with('#')) {
            let fields: Vec<&str> = line.split(',').collect();
            let key = (fields[0].to_owned(), fields[1].to_owned(), fields[2].parse().expect("a part"));
            recordings.entry(key).or_default().push(batch(&fields[3..]));
        }
        Recordings(recordings)
    }

    pub(crate) fn workloads(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.keys().map(|(name, ..)| name.as_str()).collect();
        names.dedup();
        names
    }

    /// The conditions that were recorded.
    pub(crate) fn conditions(&self) -> Vec<&'static str> {
        let is_recorded = |condition: &&str| self.0.keys().any(|(_, seen, _)| seen == condition);
        CONDITIONS.into_iter().filter(is_recorded).collect()
    }

    /// The recordings of one workload, or of one in one condition.
    pub(crate) fn runs(&self, workload: &str, condition: Option<&str>) -> Vec<(&str, u32)> {
        let keys = self.0.keys().filter(|(name, seen, _)| {
            name == workload && condition.is_none_or(|condition| condition == seen)
        });
        keys.map(|(_, condition, part)| (condition.as_str(), *part)).collect()
    }

    pub(crate) fn of(&self, workload: &str, (condition, part): (&str, u32)) -> &[BatchMetrics] {
        &self.0[&(workload.to_owned(), condition.to_owned(), part)]
    }

    /// The recordings of one workload on one day by one build: another one needs other memory.
    pub(crate) fn comparable(&self, workload: &str) -> Vec<(&str, u32)> {
        let mut runs = self.runs(workload, None);
        runs.retain(|(condition, _)| *condition != BURSTS);
        runs
    }

    /// One of the recordings of a workload in a condition.
    pub(crate) fn any(&self, workload: &str, condition: &str, random: &mut StdRng) -> &[BatchMetrics] {
        let runs = self.runs(workload, Some(condition));
        self.of(workload, runs[random.random_range(0..runs.len())])
    }
}

/// Returns the number of batches that ran in `seconds`.
pub(crate) fn batches_in(recorded: &[BatchMetrics], seconds: f64) -> usize {
    let taken = recorded.last().map_or(0.0, |last| last.at_s) - recorded[0].at_s;
    (seconds / taken * (recorded.len() - 1) as f64) as usize
}

/// Returns `n` batches in blocks of some that ran one after another.
pub(crate) fn resampled(recorded: &[BatchMetrics], n: usize, random: &mut StdRng) -> Vec<BatchMetrics> {
    let block = BLOCK.min(recorded.len());
    let mut drawn = Vec::new();
    while drawn.len() < n {
        let first = random.random_range(0..=recorded.len() - block);
        drawn.extend_from_slice(&recorded[first..first + block]);
    }
    drawn.truncate(n);
    drawn
}

pub(crate) fn series(batches: Vec<BatchMetrics>) -> Series {
    Series::of(Configuration::new(StrategyKind::Threads, 2), Vec::new(), batches)
}

fn batch(fields: &[&str]) -> BatchMetrics {
    let number = |i: usize| fields[i].parse::<f64>();
    let count = |i: usize| fields[i].parse::<u64>().expect("a count");
    BatchMetrics {
        at_s: number(0).expect("a time"),
        cpu_speed: number(1).ok(),
        cpu_others: number(2).ok(),
        cpu_stolen: None,
        throughput_per_s: number(3).expect("a rate"),
        p50_s: number(4).ok(),
        p99_s: number(5).ok(),
        cpu_s_per_task: number(6).expect("a time"),
        instructions_per_task: None,
        peak_rss_bytes: count(7),
        ok: count(8),
        started: count(9),
    }
}
