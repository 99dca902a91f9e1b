//! The same suite in another directory, measured alternately with this one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::gate::presence::{MissingWorkload, NamedWork, SuitePairs};
use crate::workload::Workload;

/// A suite in another directory.
#[derive(Debug)]
pub(crate) struct Checkout {
    /// The name that users know it by: a version or a directory.
    pub name: String,
    /// The directory, an absolute path.
    pub directory: PathBuf,
    workloads: Vec<Workload>,
    pairs: SuitePairs,
    /// Workloads of this suite that are defined differently there.
    redefined: BTreeSet<String>,
}

impl Checkout {
    /// Pairs the workloads in `directory` with those of the current suite.
    pub(crate) fn new(name: String, directory: PathBuf, workloads: Vec<Workload>, now: &[&Workload]) -> Self {
        let here = |work: &&Workload| named(work, work.identity());
        let there = |work: &Workload| named(work, work.identity_in(&directory));
        let pairs = SuitePairs::of(
            &workloads.iter().map(there).collect::<Vec<_>>(),
            &now.iter().map(here).collect::<Vec<_>>(),
        );
        let is_redefined = |work: &&&Workload| {
            let before = workloads.iter().find(|before| before.name == work.name);
            before.is_some_and(|before| before.definition_in(&directory) != work.definition())
        };
        let redefined = now.iter().filter(is_redefined).map(|work| work.name.clone()).collect();
        Checkout { name, directory, workloads, pairs, redefined }
    }

    /// Returns the workload there that is compared with `now`; `None` if there is none, or another definition.
    pub(super) fn counterpart(&self, now: &str) -> Option<&Workload> {
        self.named(now).filter(|_| !self.redefined.contains(now))
    }

    /// Returns the workload there that belongs to `now`, whatever its definition.
    fn named(&self, now: &str) -> Option<&Workload> {
        let before = self.pairs.name_before(now);
        self.workloads.iter().find(|work| work.name == before)
    }

    /// Returns true if the suite there has the workload `now`, perhaps under another name.
    pub(super) fn has(&self, now: &str) -> bool {
        self.named(now).is_some()
    }

    /// Returns true if the workload is defined differently there.
    pub(super) fn is_redefined(&self, now: &str) -> bool {
        self.redefined.contains(now)
    }

    /// Returns the pairs of workloads with different names.
    pub(super) fn pairs(&self) -> &SuitePairs {
        &self.pairs
    }
}

/// Returns the workloads that only the other side has.
pub(super) fn missing(pairs: &SuitePairs, reference: &str) -> Vec<MissingWorkload> {
    let missing = |name: &String| MissingWorkload { name: name.clone(), reference: reference.to_owned() };
    pairs.missing.iter().map(missing).collect()
}

fn named(work: &Workload, identity: String) -> NamedWork {
    NamedWork { name: work.name.clone(), identity }
}

/// A workload of the other side, and the directory it runs in.
pub(super) struct OtherWorkload<'a> {
    /// The workload.
    pub workload: &'a Workload,
    /// The directory; `None` is the current one.
    pub directory: Option<&'a Path>,
}
