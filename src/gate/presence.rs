//! Which workloads of two suites belong together, and which only one of them has.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// The presence of a workload of this run on the other side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Presence {
    /// Both sides have it, and the same definition of it.
    #[default]
    Both,
    /// The other side has the same work under another name.
    Renamed {
        /// The name on the other side.
        before: String,
    },
    /// Both sides have a workload of this name, and the definitions differ.
    Redefined,
    /// Only this run has it.
    New,
}

/// A workload that only the other side has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MissingWorkload {
    /// Name of the workload.
    pub name: String,
    /// The other side: a file, a directory or a version.
    pub reference: String,
}

/// A workload as far as it is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedWork {
    /// The name.
    pub name: String,
    /// The hash of the work; empty if it is not known.
    pub identity: String,
}

/// The pairs of two suites that have different names, and what is left over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SuitePairs {
    /// The names of renamed workloads on the other side, by their names now.
    renamed: BTreeMap<String, String>,
    /// Workloads that only the other side has, in its order.
    pub missing: Vec<String>,
}

impl SuitePairs {
    /// Pairs two suites: by name, and what is left by the work, where exactly one workload of each side does it.
    pub(crate) fn of(before: &[NamedWork], now: &[NamedWork]) -> Self {
        let [left_before, left_now] = [(before, now), (now, before)].map(|(of, other)| {
            let names: BTreeSet<&str> = other.iter().map(|work| work.name.as_str()).collect();
            of.iter().filter(|work| !names.contains(work.name.as_str())).collect::<Vec<_>>()
        });
        let only = |works: &[&NamedWork], identity: &str| {
            let mut same = works.iter().filter(|work| work.identity == identity && !identity.is_empty());
            same.next().filter(|_| same.next().is_none()).map(|work| work.name.clone())
        };
        let pairs = left_now.iter().filter_map(|now| {
            only(&left_now, &now.identity)?;
            Some((now.name.clone(), only(&left_before, &now.identity)?))
        });
        let renamed: BTreeMap<String, String> = pairs.collect();
        let found: BTreeSet<&String> = renamed.values().collect();
        let missing = left_before.iter().map(|work| &work.name).filter(|name| !found.contains(name));
        SuitePairs { missing: missing.cloned().collect(), renamed }
    }

    /// Returns the name that a workload of this run has on the other side, if it is there.
    pub(crate) fn name_before<'a>(&'a self, now: &'a str) -> &'a str {
        self.renamed.get(now).map_or(now, String::as_str)
    }

    /// Returns the presence of a workload that the other side has under [`SuitePairs::name_before`].
    pub(crate) fn presence(&self, now: &str, is_redefined: bool) -> Presence {
        match self.renamed.get(now) {
            Some(before) => Presence::Renamed { before: before.clone() },
            None if is_redefined => Presence::Redefined,
            None => Presence::Both,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(works: &[(&str, &str)]) -> Vec<NamedWork> {
        let named = |(name, identity): &(&str, &str)| NamedWork {
            name: (*name).to_owned(),
            identity: (*identity).to_owned(),
        };
        works.iter().map(named).collect()
    }

    #[test]
    fn the_same_work_under_another_name_was_renamed() {
        let pairs = SuitePairs::of(
            &suite(&[("a", "1"), ("b", "2"), ("gone", "9")]),
            &suite(&[("a", "7"), ("c", "2")]),
        );
        assert_eq!([pairs.name_before("a"), pairs.name_before("c")], ["a", "b"]);
        assert_eq!(pairs.missing, ["gone"]);
        assert_eq!(pairs.presence("c", false), Presence::Renamed { before: "b".to_owned() });
        assert_eq!(pairs.presence("a", true), Presence::Redefined);
        assert_eq!(pairs.presence("a", false), Presence::Both);
    }

    #[test]
    fn work_that_two_workloads_do_tells_nothing_about_names() {
        for (before, now) in [
            (&[("a", "1"), ("b", "1")][..], &[("c", "1")][..]),
            (&[("a", "1")], &[("b", "1"), ("c", "1")]),
            (&[("a", "")], &[("b", "")]),
        ] {
            let pairs = SuitePairs::of(&suite(before), &suite(now));
            assert_eq!(pairs.missing.len(), before.len(), "{before:?}");
            assert_eq!(pairs.name_before("c"), "c");
        }
    }

    #[test]
    fn a_copy_beside_the_original_is_new() {
        let pairs = SuitePairs::of(&suite(&[("a", "1")]), &suite(&[("a", "1"), ("b", "1")]));
        assert_eq!((pairs.name_before("b"), pairs.missing.len()), ("b", 0));
    }
}
