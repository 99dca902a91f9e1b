//! The tables, and the rows that a reader asks for.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::evidence::rows::{EvidenceRow, FindingRow, GilRow, NoGilRow, QuotaRow};

const GIL: &str = include_str!("data/gil.csv");
const NO_GIL: &str = include_str!("data/free-threaded.csv");
const QUOTA: &str = include_str!("data/quota.csv");
const POOLS: &str = include_str!("data/pools.csv");
const CPYTHON: &str = include_str!("data/cpython.csv");

/// A table; `conc explain` has a topic of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum MeasuredTable {
    /// Library calls in two threads, with the GIL.
    Gil,
    /// The same in a free-threaded interpreter.
    NoGil,
    /// The workers that runtimes start in a CPU quota.
    Quota,
    /// Limits of pools, queues and runners.
    Pools,
    /// CPython 3.14 and 3.15: interpreters, start methods, executors.
    Cpython,
}

impl MeasuredTable {
    /// Every table.
    pub(crate) const ALL: [MeasuredTable; 5] = [
        MeasuredTable::Gil,
        MeasuredTable::NoGil,
        MeasuredTable::Quota,
        MeasuredTable::Pools,
        MeasuredTable::Cpython,
    ];

    /// Returns the name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            MeasuredTable::Gil => "gil",
            MeasuredTable::NoGil => "no-gil",
            MeasuredTable::Quota => "quota",
            MeasuredTable::Pools => "pools",
            MeasuredTable::Cpython => "cpython",
        }
    }

    /// Returns the table of that name.
    pub(crate) fn find(name: &str) -> Option<MeasuredTable> {
        MeasuredTable::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Returns the rows about library calls in two threads, with the GIL.
    pub(crate) fn gil() -> Vec<GilRow> {
        read(GIL)
    }

    /// Returns every row, in the order of the file.
    pub(crate) fn rows(self) -> Vec<EvidenceRow> {
        match self {
            MeasuredTable::Gil => MeasuredTable::gil().into_iter().map(EvidenceRow::Gil).collect(),
            MeasuredTable::NoGil => wrapped::<NoGilRow>(NO_GIL, EvidenceRow::NoGil),
            MeasuredTable::Quota => wrapped::<QuotaRow>(QUOTA, EvidenceRow::Quota),
            MeasuredTable::Pools => wrapped::<FindingRow>(POOLS, EvidenceRow::Finding),
            MeasuredTable::Cpython => wrapped::<FindingRow>(CPYTHON, EvidenceRow::Finding),
        }
    }

    /// Returns the rows that have all of the words, whatever their case: a word that names a library or a verdict
    /// means just that, any other may be a part of a text.
    pub(crate) fn rows_with(self, words: &[String]) -> Vec<EvidenceRow> {
        let mut rows = self.rows();
        for word in words {
            let word = word.to_lowercase();
            let is_named = |row: &EvidenceRow| {
                row.texts()[0].to_lowercase() == word || row.verdict().is_some_and(|v| v.to_string() == word)
            };
            let has = |row: &EvidenceRow| row.texts().iter().any(|text| text.to_lowercase().contains(&word));
            let is_a_name = rows.iter().any(is_named);
            rows.retain(|row| if is_a_name { is_named(row) } else { has(row) });
        }
        rows
    }

    /// Returns what the rows are about, such as libraries, without repetition.
    pub(crate) fn subjects(self) -> Vec<String> {
        let mut subjects: Vec<String> = self.rows().iter().map(|row| row.texts()[0].to_owned()).collect();
        subjects.dedup();
        subjects
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Vec<T> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().map(|row| row.expect("a test reads every row")).collect()
}

fn wrapped<T: DeserializeOwned>(text: &str, wrap: fn(T) -> EvidenceRow) -> Vec<EvidenceRow> {
    read(text).into_iter().map(wrap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::rows::GilVerdict;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn every_row_is_read_and_has_a_date_and_a_source() {
        for (table, at_least) in MeasuredTable::ALL.into_iter().zip([300, 150, 40, 45, 65]) {
            let rows = table.rows();
            assert!(rows.len() >= at_least, "{table:?}: {}", rows.len());
            assert_eq!(MeasuredTable::find(table.name()), Some(table));
            for row in rows {
                let (date, source) = match &row {
                    EvidenceRow::Gil(row) => (&row.date, &row.source),
                    EvidenceRow::NoGil(row) => (&row.date, &row.source),
                    EvidenceRow::Quota(row) => (&row.date, &row.source),
                    EvidenceRow::Finding(row) => (&row.date, &row.source),
                };
                assert!(date.len() == 10 && !source.is_empty() && !row.texts()[0].is_empty(), "{row:?}");
            }
        }
    }

    #[test]
    fn no_call_is_measured_twice_with_the_same_versions() {
        let mut seen = std::collections::BTreeSet::new();
        for row in MeasuredTable::Gil.rows() {
            let EvidenceRow::Gil(row) = row else { panic!("{row:?}") };
            let versions = (row.version.clone(), row.python.clone());
            let key = (row.library.clone(), row.call.clone(), row.input.clone(), versions);
            assert!(seen.insert(key), "{row:?}");
        }
    }

    #[test]
    fn a_name_means_that_library_and_another_word_a_part_of_a_text() {
        let libraries = |asked: &[&str]| {
            let rows = MeasuredTable::Gil.rows_with(&words(asked));
            let mut found: Vec<String> = rows.iter().map(|row| row.texts()[0].to_owned()).collect();
            found.dedup();
            found
        };
        assert_eq!(libraries(&["LXML"]), ["lxml"]);
        assert_eq!(libraries(&["re"]), ["re"]);
        assert_eq!(libraries(&["sha256"]), ["hashlib", "cryptography"]);
        assert_eq!(libraries(&["lxml", "nothing of the kind"]), Vec::<String>::new());
        let holding = MeasuredTable::Gil.rows_with(&words(&["lxml", "holds"]));
        let [EvidenceRow::Gil(only)] = &holding[..] else { panic!("{holding:?}") };
        assert_eq!(
            (only.call.as_str(), only.verdict),
            ("lxml.html.fromstring (default parser)", GilVerdict::Holds)
        );
    }
}
