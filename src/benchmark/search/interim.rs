//! What the search believes between two rounds, for those who watch it.

use crate::benchmark::event::Interim;

use super::Search;

impl Search {
    /// Returns the belief about every configuration that was measured and works, as of the last round; in a
    /// search that does not decide round by round, that of before the first.
    pub(crate) fn interim(&self) -> Vec<Interim> {
        let Some(leader) = self.leader() else { return Vec::new() };
        let choice = self.choice().filter(|cell| self.batches(*cell) > 0).unwrap_or(self.cell(leader));
        let measured = self.points().filter(|point| self.is_measured(*point));
        let of = |point| {
            let (cell, posterior) = (self.cell(point), self.posteriors.posterior(point, leader));
            Interim {
                cell,
                per_s: posterior.throughput_per_s,
                interval95: Some(posterior.credible95),
                batches: self.batches(cell),
                is_leader: cell == choice,
            }
        };
        measured.map(of).collect()
    }
}
