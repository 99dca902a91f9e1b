//! The coverage: places by faults.

use std::collections::{BTreeMap, BTreeSet};

use super::place::Effect;

/// Runs by the kind of question and the effect.
#[derive(Default)]
pub(super) struct Coverage {
    places: BTreeMap<String, BTreeSet<String>>,
    runs: BTreeMap<(String, String), [u32; 2]>,
}

impl Coverage {
    /// Counts a run at a place, and whether the fault came about in it; returns the number of runs so far.
    pub(super) fn add(&mut self, call: &str, place: &str, effect: Effect, has_fired: bool) -> u32 {
        self.places.entry(call.to_owned()).or_default().insert(place.to_owned());
        let runs = self.runs.entry((call.to_owned(), effect.name())).or_default();
        runs[usize::from(!has_fired)] += 1;
        self.runs.values().flatten().sum()
    }

    /// Returns the table: a line for each kind of question, with its places and the runs of each fault; `+N` are runs
    /// in which no process came to the place.
    pub(super) fn table(&self) -> String {
        let mut lines = Vec::new();
        for (call, places) in &self.places {
            let faults = self.runs.iter().filter(|((of, _), _)| of == call);
            let faults = faults.map(|((_, effect), [fired, missed])| match missed {
                0 => format!("{effect} {fired}"),
                _ => format!("{effect} {fired}+{missed}"),
            });
            lines.push(format!(
                "{call:10} {:5} places  {}",
                places.len(),
                faults.collect::<Vec<_>>().join(", ")
            ));
        }
        lines.join("\n")
    }
}
