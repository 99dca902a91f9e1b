//! The measured tables as a part of a page.

use crate::evidence::{EvidenceRow, MeasuredTable};
use crate::explain::markdown::{Block, Mark, Span};

/// Returns the rows as a table with its head.
pub(super) fn block(table: MeasuredTable, rows: &[EvidenceRow]) -> Block {
    let head = head(table).iter().map(|text| (*text).to_owned()).collect();
    let lines = std::iter::once(head).chain(rows.iter().map(cells));
    Block::Table(lines.map(|line| line.into_iter().map(spans).collect()).collect())
}

/// Returns where the rows come from, and how to measure them again.
pub(super) fn origin(table: MeasuredTable) -> Block {
    let again = match table {
        MeasuredTable::Gil => "`python3 benches/gil_measure.py` measures the rows again with your versions.",
        MeasuredTable::NoGil | MeasuredTable::Quota | MeasuredTable::Pools | MeasuredTable::Cpython => {
            "Other versions may differ: try before you rely on a row."
        }
    };
    let text = format!("Measured on Linux with two CPUs (AMD EPYC) on the day in the last column. {again}");
    Block::Paragraph(spans(text))
}

fn spans(text: String) -> Vec<Span> {
    vec![Span { text, mark: Mark::Plain }]
}

fn head(table: MeasuredTable) -> &'static [&'static str] {
    match table {
        MeasuredTable::Gil => &["library", "call", "verdict", "gain", "CPUs", "CPython", "date"],
        MeasuredTable::NoGil => &["library", "call", "GIL", "with GIL", "without", "gain", "date"],
        MeasuredTable::Quota => {
            &["runtime", "call", "no quota", "0.5", "1.5", "0.5 on host", "1.5 on host", "rule", "date"]
        }
        MeasuredTable::Pools | MeasuredTable::Cpython => &["subject", "version", "seen", "date"],
    }
}

fn cells(row: &EvidenceRow) -> Vec<String> {
    match row {
        EvidenceRow::Gil(row) => vec![
            versioned(&row.library, &row.version),
            with(&row.call, ", ", &row.input),
            row.verdict.to_string(),
            figure(row.speedup),
            figure(row.parallelism),
            row.python.clone(),
            row.date.clone(),
        ],
        EvidenceRow::NoGil(row) => vec![
            versioned(&row.library, &row.version),
            with(&with(&row.call, ", ", &row.input), ": ", &row.note),
            row.gil_after_import.clone().unwrap_or_default(),
            row.with_gil.map(|verdict| verdict.to_string()).unwrap_or_default(),
            row.without_gil.map(|verdict| verdict.to_string()).unwrap_or_default(),
            figure(row.speedup),
            row.date.clone(),
        ],
        EvidenceRow::Quota(row) => vec![
            versioned(&row.runtime, &row.version),
            row.call.clone(),
            row.no_quota.clone(),
            row.container_half.clone(),
            row.container_one_and_half.clone(),
            row.host_half.clone(),
            row.host_one_and_half.clone(),
            row.rule.clone(),
            row.date.clone(),
        ],
        EvidenceRow::Finding(row) => {
            vec![row.subject.clone(), row.version.clone(), row.finding.clone(), row.date.clone()]
        }
    }
}

fn versioned(name: &str, version: &str) -> String {
    format!("{name} {version}").trim_end().to_owned()
}

/// Returns a text with another one after it, if there is one.
fn with(text: &str, between: &str, more: &str) -> String {
    if more.is_empty() { text.to_owned() } else { format!("{text}{between}{more}") }
}

/// Returns a figure with two digits after the point; empty if it was not measured.
fn figure(value: Option<f64>) -> String {
    value.map(|value| format!("{value:.2}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_cell_below_each_head() {
        for table in MeasuredTable::ALL {
            let Block::Table(lines) = block(table, &table.rows()) else { panic!("a table") };
            assert!(lines.iter().all(|line| line.len() == head(table).len()), "{table:?}");
        }
    }
}
