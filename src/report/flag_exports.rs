//! A program's own flag in the formats of other programs.

use std::collections::BTreeMap;

use crate::flag::FlagReport;
use crate::flag::parameters::Parameters;
use crate::flag::result::{FlagCell, FlagStatus};
use crate::flag::template::CommandTemplate;
use crate::report::flag_columns::{FlagColumn, all, identity, rows};
use crate::report::markup;
use crate::report::prose;

const CSV_FIGURES: &str = "status,reason,estimate,interval_low,interval_high,predicted,speedup,wall_s,metric,\
                           cpus_busy,cpu_user_s,cpu_system_s,peak_memory_bytes,runs,near_best,recommended";

/// Returns the values of a cell as a name: `width 4`.
pub(super) fn label(flag: &FlagReport, parameters: &Parameters) -> String {
    prose::flag::values(flag, parameters)
}

/// Returns the command with the values of a cell.
pub(super) fn line(flag: &FlagReport, parameters: &Parameters) -> String {
    let list = flag.list.as_ref().map(|list| list.name.as_str());
    let template = CommandTemplate::parse(&flag.command, list);
    template.map_or_else(|_| flag.command.join(" "), |template| template.line(parameters))
}

/// Returns the parameters of a cell by their names.
pub(super) fn parameters(flag: &FlagReport, parameters: &Parameters) -> BTreeMap<String, String> {
    let Parameters { width, processes, value } = parameters;
    let listed = flag.list.as_ref().map(|list| list.name.clone()).zip(value.clone());
    let processes = processes.map(|processes| ("processes".to_owned(), processes.to_string()));
    [("width".to_owned(), width.to_string())].into_iter().chain(processes).chain(listed).collect()
}

/// Returns a table in Markdown, with the recommended row in bold, and the recommendation below it.
pub(super) fn markdown(
    flag: &FlagReport,
    escaped: impl Fn(&str) -> String,
    line: impl Fn(Vec<String>) -> String,
) -> String {
    let (columns, ids) = (all(flag), identity(flag));
    let mut out = line(columns.iter().map(|column| escaped(&column.heading(flag))).collect());
    out += &line(columns.iter().map(|_| "--:".to_owned()).collect());
    for cell in rows(flag, true) {
        let trouble = prose::flag::trouble(flag, cell);
        let value = |column: &FlagColumn| {
            let text = escaped(&column.value(flag, cell));
            if flag.is_recommended(cell) { format!("**{text}**") } else { text }
        };
        let mut values: Vec<String> = match &trouble {
            Some(_) => ids.iter().map(value).collect(),
            None => columns.iter().map(value).collect(),
        };
        values.extend(trouble.map(|trouble| escaped(&trouble)));
        values.resize(columns.len(), String::new());
        out += &line(values);
    }
    out + &format!("\n{}\n", escaped(&prose::flag::headline(flag)))
}

/// Returns the recommendation and a table in HTML.
pub(super) fn html(flag: &FlagReport) -> String {
    let escaped = markup::escaped;
    let advice = &flag.recommendation;
    let mut facts = vec![
        ("Measured", prose::flag::comparison(flag)),
        ("Limit", prose::flag::limit(&advice.limit)),
        ("Search", prose::flag::search(flag)),
        ("Run", advice.line.clone()),
    ];
    facts.extend(advice.serial.as_ref().and_then(prose::flag::serial).map(|serial| ("Serial", serial)));
    facts.extend(advice.notes.iter().map(|note| ("Note", prose::flag::note(note))));
    let facts: String =
        facts.iter().map(|(term, text)| format!("<dt>{term}</dt><dd>{}</dd>\n", escaped(text))).collect();
    let columns = all(flag);
    let headings: String =
        columns.iter().map(|column| format!("<th>{}</th>", escaped(&column.heading(flag)))).collect();
    let rows: String = rows(flag, true).into_iter().map(|cell| html_row(flag, cell, &columns)).collect();
    format!(
        "<h3>{}</h3>\n<dl>\n{facts}</dl>\n<div class=\"wide\"><table>\n<tr>{headings}</tr>\n{rows}</table></div>\n",
        escaped(&prose::flag::headline(flag))
    )
}

fn html_row(flag: &FlagReport, cell: &FlagCell, columns: &[FlagColumn]) -> String {
    let chosen = if flag.is_recommended(cell) { " class=\"chosen\"" } else { "" };
    let td =
        |column: &FlagColumn| format!("<td class=\"n\">{}</td>", markup::escaped(&column.value(flag, cell)));
    let ids = identity(flag);
    let cells: String = match prose::flag::trouble(flag, cell) {
        Some(trouble) => {
            let names: String = ids.iter().map(td).collect();
            let rest = columns.len() - ids.len();
            format!("{names}<td colspan=\"{rest}\">{}</td>", markup::escaped(&trouble))
        }
        None => columns.iter().map(td).collect(),
    };
    format!("<tr{chosen}>{cells}</tr>\n")
}

/// Returns every cell as CSV, with columns of its own.
pub(super) fn csv(flag: &FlagReport, quoted: impl Fn(&str) -> String) -> String {
    let names = parameters(flag, &flag.reference).into_keys().collect::<Vec<_>>();
    let header: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let mut out = format!("{},{CSV_FIGURES}\n", header.join(","));
    for cell in &flag.cells {
        let values = parameters(flag, &cell.parameters);
        let ids = names.iter().map(|name| values.get(name).cloned().unwrap_or_default());
        let fields: Vec<String> = ids.chain(csv_figures(flag, cell)).map(|field| quoted(&field)).collect();
        out += &fields.join(",");
        out.push('\n');
    }
    out
}

fn csv_figures(flag: &FlagReport, cell: &FlagCell) -> Vec<String> {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let metrics: Vec<f64> = cell.runs.iter().filter_map(|run| run.metric).collect();
    let metric = (!metrics.is_empty()).then(|| metrics.iter().sum::<f64>() / metrics.len() as f64);
    let chosen = if flag.is_recommended(cell) { "yes" } else { "no" };
    vec![
        status(cell.status).to_owned(),
        prose::flag::trouble(flag, cell).unwrap_or_default(),
        number(cell.estimate),
        number(cell.interval95.map(|ends| ends[0])),
        number(cell.interval95.map(|ends| ends[1])),
        number(cell.predicted),
        number(cell.speedup),
        number(cell.wall_s),
        number(metric),
        number(cell.cpus_busy),
        number(cell.cpu_user_s),
        number(cell.cpu_system_s),
        cell.peak_memory_bytes.map(|bytes| bytes.to_string()).unwrap_or_default(),
        cell.runs.len().to_string(),
        number(cell.near_best),
        chosen.to_owned(),
    ]
}

/// Returns the cells as rows below the header that all workloads of a suite share; the strategy is `flag`, and a
/// task is a whole run.
pub(super) fn csv_rows(flag: &FlagReport, workload: &str) -> Vec<Vec<String>> {
    flag.cells.iter().map(|cell| csv_row(flag, workload, cell)).collect()
}

fn csv_row(flag: &FlagReport, workload: &str, cell: &FlagCell) -> Vec<String> {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let status = match cell.status {
        FlagStatus::Measured => "ok",
        FlagStatus::Failed => "failed",
        FlagStatus::Predicted | FlagStatus::Capped => "skipped",
    };
    let cpu_s = cell.cpu_user_s.zip(cell.cpu_system_s).map(|(user, system)| user + system);
    let latency = number(cell.wall_s);
    let (empty, memory) =
        (String::new, cell.peak_memory_bytes.map(|bytes| bytes.to_string()).unwrap_or_default());
    let listed = cell.parameters.value.as_ref().map(|value| format!("flag {value}"));
    vec![
        workload.to_owned(),
        listed.unwrap_or_else(|| "flag".to_owned()),
        cell.parameters.width.to_string(),
        cell.parameters.processes.map(|processes| processes.to_string()).unwrap_or_default(),
        status.to_owned(),
        prose::flag::trouble(flag, cell).unwrap_or_default(),
        number(cell.wall_s.map(f64::recip)),
        empty(),
        empty(),
        number(cell.speedup),
        empty(),
        latency.clone(),
        latency.clone(),
        latency.clone(),
        latency,
        number(cpu_s),
        empty(),
        memory,
        cell.runs.len().to_string(),
        u8::from(cell.status == FlagStatus::Failed).to_string(),
        "0".to_owned(),
        "0".to_owned(),
        empty(),
        empty(),
        empty(),
        empty(),
    ]
}

fn status(status: FlagStatus) -> &'static str {
    match status {
        FlagStatus::Measured => "measured",
        FlagStatus::Predicted => "predicted",
        FlagStatus::Failed => "failed",
        FlagStatus::Capped => "capped",
    }
}
