//! The outcomes of many suites.

use std::collections::BTreeMap;

use conc::internal::{GateReport, GateVerdict, Metric};

use crate::MAX_INCONCLUSIVE;

#[derive(Default)]
pub(crate) struct Shares {
    suites: u32,
    red_suites: u32,
    workloads: u32,
    inconclusive: u32,
    /// How often a metric was inconclusive, and how often red.
    metrics: BTreeMap<Metric, [u32; 2]>,
    red_changed: u32,
    slower_changed: u32,
    /// Pairs or batches of all workloads together.
    pub(crate) batches: usize,
}

fn percent(part: u32, whole: u32) -> f64 {
    100.0 * f64::from(part) / f64::from(whole.max(1))
}

impl Shares {
    /// Adds a suite, of which the first workload may have been changed.
    pub(crate) fn add(&mut self, gates: &[GateReport], is_first_changed: bool) {
        let (changed, same) = gates.split_at(usize::from(is_first_changed));
        let is_red = |gate: &&GateReport| gate.verdict == GateVerdict::Regressed;
        let is_slower = |gate: &&GateReport| gate.metrics[0].verdict == GateVerdict::Regressed;
        self.suites += 1;
        self.red_suites += u32::from(same.iter().any(|gate| is_red(&gate)));
        self.red_changed += changed.iter().filter(is_red).count() as u32;
        self.slower_changed += changed.iter().filter(is_slower).count() as u32;
        self.workloads += same.len() as u32;
        self.inconclusive +=
            same.iter().filter(|gate| gate.verdict == GateVerdict::Inconclusive).count() as u32;
        for verdict in same.iter().flat_map(|gate| &gate.metrics) {
            let counts = self.metrics.entry(verdict.metric).or_default();
            counts[0] += u32::from(verdict.verdict == GateVerdict::Inconclusive);
            counts[1] += u32::from(verdict.verdict == GateVerdict::Regressed);
        }
    }

    /// Prints the shares of suites without a change; at most `allowed` percent of them are red.
    pub(crate) fn check_equal(&self, title: &str, allowed: f64, is_idle: bool) {
        let (red, inconclusive) =
            (percent(self.red_suites, self.suites), percent(self.inconclusive, self.workloads));
        println!(
            "{title}: {red:.2}% of {} suites red, {inconclusive:.0}% of workloads inconclusive, {:.0} batches each",
            self.suites,
            self.batches as f64 / f64::from(self.workloads),
        );
        for (metric, [inconclusive, red]) in &self.metrics {
            let [inconclusive, red] = [inconclusive, red].map(|count| percent(*count, self.workloads));
            println!("    {metric}: {inconclusive:.0}% inconclusive, {red:.2}% red");
        }
        assert!(red <= allowed, "{title}: {red}");
        assert!(!is_idle || inconclusive <= MAX_INCONCLUSIVE, "{title}: {inconclusive}");
    }

    /// Prints how often the changed workload was red; at least `wanted` percent of the times.
    pub(crate) fn check_changed(&self, title: &str, wanted: f64) {
        let [red, slower] = [self.red_changed, self.slower_changed].map(|count| percent(count, self.suites));
        println!("{title}: {red:.0}% red, by throughput {slower:.0}%");
        assert!(red >= wanted, "{title}: {red}");
    }
}
