//! Markdown as GitHub renders it: the gates, and one table of cells per workload.

mod gate;
mod table_line;

use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::Status;
use crate::gate::presence::MissingWorkload;
use crate::report::columns::Column;
use crate::report::document::{FailedWorkload, Report};
use crate::report::flag_exports;
pub(super) use crate::report::markdown::table_line::escaped;
use crate::report::markdown::table_line::line;
use crate::report::prose;
use crate::report::prose::together::Together;

const COLUMNS: [Column; 9] = [
    Column::Strategy,
    Column::Width,
    Column::Rate,
    Column::Interval,
    Column::Speedup,
    Column::P50,
    Column::P99,
    Column::Cpu,
    Column::Rss,
];

/// Returns the recommendations and the cells of all `reports`, with the recommended one in bold; if there are
/// gates, they come first and the cells are folded up. Workloads that `failed` come before everything, those that
/// are `missing` after the gates.
pub(crate) fn to_string(
    reports: &[Report],
    failed: &[FailedWorkload],
    missing: &[MissingWorkload],
) -> String {
    failures(failed) + &of_reports(reports, missing)
}

fn failures(failed: &[FailedWorkload]) -> String {
    if failed.is_empty() {
        return String::new();
    }
    let line = |of: &FailedWorkload| {
        format!("- {}: {}\n", escaped(&of.name), escaped(prose::outcome::last_line(&of.message)))
    };
    format!("## Failed\n\n{}\n", failed.iter().map(line).collect::<String>())
}

fn of_reports(reports: &[Report], missing: &[MissingWorkload]) -> String {
    let cells = reports.iter().map(section).collect::<Vec<_>>().join("\n");
    match gate::section(reports, missing) {
        Some(gate) => format!("{gate}\n<details><summary>Cells</summary>\n\n{cells}\n</details>\n"),
        None => cells,
    }
}

fn section(report: &Report) -> String {
    let mut out = format!("### {}\n\n", escaped(&report.workload.name));
    if let Some(flag) = &report.flag {
        return out + &flag_exports::markdown(flag, escaped, |values| line(values.into_iter()));
    }
    out += &recommendation(report);
    out += &line(COLUMNS.iter().map(|column| column.heading().to_owned()));
    out += &line(COLUMNS.iter().map(|c| if *c == Column::Strategy { ":--" } else { "--:" }.to_owned()));
    for cell in &report.cells {
        out += &row(cell, report.is_recommended(cell));
    }
    out
}

/// Returns the recommendation in one line, and its reasons; nothing if there is none.
fn recommendation(report: &Report) -> String {
    let Some(advice) = &report.recommendation else { return String::new() };
    let work = Together::of(report);
    let wrong = prose::soundness::wrong_outputs(advice).map(|wrong| format!("**{}**\n\n", escaped(&wrong)));
    let mut reasons = vec![
        ("Measured", prose::comparison::sentence(advice)),
        ("Limit", prose::limit::sentence(&advice.limit, advice.basis, work)),
        ("Response", prose::limit::response(&advice.limit, work)),
    ];
    reasons.extend(advice.notes.iter().map(|note| ("Note", prose::notes::sentence(note))));
    let list: String = reasons.iter().map(|(name, text)| format!("- {name}: {}\n", escaped(text))).collect();
    let headline = escaped(&prose::confidence::headline(advice, work));
    format!("{}**{headline}**\n\n{list}\n", wrong.unwrap_or_default())
}

fn row(cell: &ConfigurationResult, recommended: bool) -> String {
    if cell.status == Status::Ok {
        let values = COLUMNS.iter().map(|column| escaped(&column.value(cell)));
        return line(values.map(|value| if recommended { format!("**{value}**") } else { value }));
    }
    let mut values = vec![Column::Strategy.value(cell), Column::Width.value(cell)];
    values.push(escaped(&prose::outcome::trouble(cell).unwrap_or_default()));
    values.resize(COLUMNS.len(), String::new());
    line(values.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    #[test]
    fn the_recommended_cell_is_bold_and_a_failure_says_why() {
        let text = to_string(&[example::advise()], &[], &[]);
        assert!(text.starts_with("### web-scraper\n\n**Recommendation ("), "{text}");
        assert!(text.contains("async, 64 in flight**\n\n- Measured: async"), "{text}");
        assert!(text.contains("\n\n| Strategy | Width |"), "{text}");
        assert!(text.contains("| **async** | **64** | **1 240** |"), "{text}");
        assert!(text.contains("| processes | 16 | failed (E-POOL-001): worker process died"), "{text}");
    }

    #[test]
    fn what_the_gates_say_comes_first() {
        insta::assert_snapshot!(to_string(
            &example::bench().results,
            &example::bench().failed,
            &example::bench().missing
        ));
    }

    #[test]
    fn rows_cannot_be_broken_by_their_content() {
        assert_eq!(escaped("a|b\nc *d*"), "a\\|b c \\*d\\*");
    }
}
