//! The part of the page about one workload.

use crate::advice::result::CodeExample;
use crate::benchmark::ConfigurationResult;
use crate::benchmark::result::Status;
use crate::gate::GateReport;
use crate::report::columns::Column;
use crate::report::document::Report;
use crate::report::flag_exports;
use crate::report::html::verdict::verdict;
use crate::report::html::{curve, forest, strip};
use crate::report::markup::escaped;
use crate::report::prose;
use crate::report::prose::gate as wording;
use crate::report::prose::together::Together;
use crate::report::prose::workload as describe;

const COLUMNS: [Column; 11] = [
    Column::Strategy,
    Column::Width,
    Column::Rate,
    Column::Interval,
    Column::Predicted,
    Column::Speedup,
    Column::P50,
    Column::P99,
    Column::Cpu,
    Column::Rss,
    Column::Tasks,
];

/// Returns the section about the workload at index `i`.
pub(super) fn section(i: usize, report: &Report) -> String {
    let mut out = format!("<section id=\"w{i}\">\n<h2>{}</h2>\n", escaped(&report.workload.name));
    out += &format!("<p class=\"faint\">{}</p>\n", escaped(&describe::workload(report)));
    if let Some(profile) = &report.profile {
        out += &format!("<p>{}</p>\n", escaped(&describe::class(profile)));
        out += &strip::figure(profile).unwrap_or_default();
    }
    out += &report.gate.as_ref().map(gate).unwrap_or_default();
    out += &recommendation(report);
    out += &report.flag.as_ref().map(|flag| flag_exports::html(flag)).unwrap_or_default();
    out += &curve::figure(report).unwrap_or_default();
    out += &code(report);
    out += &cells(report);
    out += &warnings(report);
    out + "</section>\n"
}

fn gate(gate: &GateReport) -> String {
    let mut out =
        format!("<h3>Gate {}</h3>\n{}", verdict(gate.verdict), forest::figure(gate).unwrap_or_default());
    let compared = (!gate.metrics.is_empty()).then(|| wording::comparison(gate));
    let advice = gate.advice.as_ref().and_then(wording::drift).map(|drift| format!("advice {drift}"));
    let told: Vec<String> =
        compared.into_iter().chain(prose::outcomes::remarks(gate)).chain(advice).collect();
    out += &list(&told);
    out
}

fn list(items: &[String]) -> String {
    if items.is_empty() {
        return String::new();
    }
    let items: String = items.iter().map(|item| format!("<li>{}</li>\n", escaped(item))).collect();
    format!("<ul>\n{items}</ul>\n")
}

fn recommendation(report: &Report) -> String {
    let Some(advice) = &report.recommendation else { return String::new() };
    let work = Together::of(report);
    let mut facts = vec![
        ("Confidence", prose::confidence::reason(advice)),
        ("Tree", prose::decision::path(&advice.decision).join(" → ")),
        ("Measured", prose::comparison::sentence(advice)),
        ("Limit", prose::limit::sentence(&advice.limit, advice.basis, work)),
    ];
    facts.extend(prose::confidence::tree_failure(advice).map(|failure| ("Failed", failure)));
    facts.push(("Response", prose::limit::response(&advice.limit, work)));
    facts.extend(advice.notes.iter().map(|note| ("Note", prose::notes::sentence(note))));
    let facts = facts.iter().map(|(term, text)| format!("<dt>{term}</dt><dd>{}</dd>\n", escaped(text)));
    let facts: String = facts.collect();
    format!("<h3>{}</h3>\n<dl>\n{facts}</dl>\n", escaped(&prose::confidence::headline(advice, work)))
}

/// Returns the programs that follow the recommendation; the first is open.
fn code(report: &Report) -> String {
    let examples = report.recommendation.iter().flat_map(|advice| &advice.code_examples).enumerate();
    let example = |(i, example): (usize, &CodeExample)| {
        let (language, title) = (escaped(&example.language), escaped(&example.title));
        let open = if i == 0 { " open=\"\"" } else { "" };
        // A text node: line breaks are kept as they are.
        let code: Vec<String> = example.code.trim_end().lines().map(escaped).collect();
        format!(
            "<details{open}><summary>Code in {language}: {title}</summary>\n<pre><code>{}</code></pre>\n</details>\n",
            code.join("\n")
        )
    };
    examples.map(example).collect()
}

fn cells(report: &Report) -> String {
    if report.cells.is_empty() {
        return String::new();
    }
    let mut sorted: Vec<_> = report.cells.iter().collect();
    sorted.sort_by_key(|result| result.cell);
    let headings: String = COLUMNS.iter().map(|column| format!("<th>{}</th>", column.heading())).collect();
    let rows: String = sorted.iter().map(|result| row(report, result)).collect();
    format!(
        "<details><summary>Every cell</summary>\n<div class=\"wide\"><table>\n<tr>{headings}</tr>\n\
         {rows}</table></div>\n</details>\n"
    )
}

fn row(report: &Report, result: &ConfigurationResult) -> String {
    let chosen = if report.is_recommended(result) { " class=\"chosen\"" } else { "" };
    let name = |column: Column| escaped(&column.value(result));
    if result.status != Status::Ok && !report.is_prediction() {
        let trouble = escaped(&prose::outcome::trouble(result).unwrap_or_default());
        return format!(
            "<tr><td>{}</td><td class=\"n\">{}</td><td colspan=\"{}\">{trouble}</td></tr>\n",
            name(Column::Strategy),
            name(Column::Width),
            COLUMNS.len() - 2,
        );
    }
    let of = |column: &Column| {
        let class = if *column == Column::Strategy { "" } else { " class=\"n\"" };
        format!("<td{class}>{}</td>", name(*column))
    };
    format!("<tr{chosen}>{}</tr>\n", COLUMNS.iter().map(of).collect::<String>())
}

fn warnings(report: &Report) -> String {
    let told: Vec<String> = report.warnings.iter().map(|w| format!("{} ({})", w.message, w.code)).collect();
    if told.is_empty() { String::new() } else { format!("<h3>Warnings</h3>\n{}", list(&told)) }
}
