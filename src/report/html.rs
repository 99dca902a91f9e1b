//! A self-contained page: it loads nothing, runs no script and includes its plots.

mod curve;
mod forest;
mod scale;
mod section;
mod strip;
mod verdict;

use crate::profile::Class;
use crate::report::columns::Column;
use crate::report::document::{FailedWorkload, Report};
use crate::report::html::verdict::verdict;
use crate::report::invocation::Invocation;
use crate::report::markup::escaped;
use crate::report::prose;
use crate::report::prose::gate as wording;
use crate::report::prose::workload::{self as describe, counted};

const STYLE: &str = include_str!("html/style.css");

/// Returns the page of all `reports`: for each workload its profile, the gate, throughput against width, and
/// every cell; the workloads that `failed` come first.
pub(crate) fn to_string(reports: &[Report], failed: &[FailedWorkload]) -> String {
    let title = match reports {
        [only] => only.workload.name.clone(),
        several => counted(several.len() as u64, "workload"),
    };
    let title = escaped(&title);
    let sections =
        reports.iter().enumerate().map(|(i, report)| section::section(i, report)).collect::<String>();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>{title} · conc</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header>\n<h1>{title}</h1>\n{}</header>\n{}{}{sections}</main>\n</body>\n</html>\n",
        machine(reports),
        failures(failed),
        overview(reports),
    )
}

fn machine(reports: &[Report]) -> String {
    let Some(first) = reports.first() else { return String::new() };
    let host = &first.host;
    let text = format!("{} · {} · {} {}", host.cpu_model, describe::host(host), host.os, host.kernel);
    let python = first.profile.as_ref().and_then(|profile| profile.python.as_ref());
    let python = python.map(|python| format!(" · {}", escaped(&prose::profile::interpreter(python))));
    format!(
        "{}<p class=\"faint\">{} · conc {}{}</p>\n",
        first.invocation.as_ref().map(invocation).unwrap_or_default(),
        escaped(&text),
        escaped(&first.conc_version),
        python.unwrap_or_default()
    )
}

/// Returns the command line, and the time when it began.
fn invocation(invocation: &Invocation) -> String {
    // An option must not be broken after its hyphens.
    let word = |word: &str| format!("<span>{}</span>", escaped(word));
    let line = invocation.line().split(' ').map(word).collect::<Vec<_>>().join(" ");
    let began = escaped(&invocation.began);
    format!(
        "<pre class=\"command\">{line}</pre>\n<p class=\"faint\"><time datetime=\"{began}\">{began}</time></p>\n"
    )
}

fn failures(failed: &[FailedWorkload]) -> String {
    let line = |of: &FailedWorkload| {
        let (name, message) = (escaped(&of.name), escaped(&of.message));
        format!("<p><span class=\"verdict regressed\">failed</span> {name}: {message}</p>\n")
    };
    failed.iter().map(line).collect()
}

/// Returns the count of each verdict, and a row for each of several workloads.
fn overview(reports: &[Report]) -> String {
    let red =
        prose::outcomes::headline(reports).map(|red| format!(": {}", escaped(&red))).unwrap_or_default();
    let gate =
        wording::suite(reports, 0).map(|counts| format!("<p class=\"suite\">Gate: {counts}{red}</p>\n"));
    let heading = if gate.is_some() { "<th>Gate</th>" } else { "" };
    let mut out = gate.unwrap_or_default();
    if reports.len() > 1 {
        out += &format!("<div class=\"wide\"><table>\n<tr><th>Workload</th>{heading}<th>Class</th>");
        out += "<th>Recommended</th><th>Tasks/s</th><th>vs sequential</th></tr>\n";
        out += &reports.iter().enumerate().map(|(i, report)| row(i, report)).collect::<String>();
        out += "</table></div>\n";
    }
    out
}

fn row(i: usize, report: &Report) -> String {
    let name = escaped(&report.workload.name);
    let class = report.profile.as_ref().and_then(|profile| profile.class).map_or("", Class::as_str);
    let chosen = report.cells.iter().find(|cell| report.is_recommended(cell));
    let cell = chosen.map(|result| result.cell.to_string()).unwrap_or_default();
    let value = |column: Column| chosen.map(|result| column.value(result)).unwrap_or_default();
    let gate = report.gate.as_ref().map(|gate| format!("<td>{}</td>", verdict(gate.verdict)));
    format!(
        "<tr><td><a href=\"#w{i}\">{name}</a></td>{}<td>{class}</td><td>{cell}</td><td class=\"n\">{}</td>\
         <td class=\"n\">{}</td></tr>\n",
        gate.unwrap_or_default(),
        value(Column::Rate),
        value(Column::Speedup),
    )
}

#[cfg(test)]
mod tests;
