//! The screen about a program's own flag.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::flag::FlagReport;
use crate::flag::result::{FlagCell, FlagStatus};
use crate::report::document::Report;
use crate::report::flag_columns::{FlagColumn, all, identity, rows};
use crate::report::prose;
use crate::report::table::profile;
use crate::report::table::screen::{Role, Screen};
use crate::report::text::{shorten, width};

/// Indent of the block's labels, in columns.
const INDENT: usize = 2;

/// Adds the first run, the table and the recommendation.
pub(super) fn section(screen: &mut Screen, report: &Report, flag: &FlagReport) {
    first_run(screen, report);
    table(screen, flag);
    recommendation(screen, flag);
}

fn first_run(screen: &mut Screen, report: &Report) {
    let Some(first) = &report.profile else { return };
    if screen.options().verbose {
        return profile::section(screen, report, true);
    }
    screen.labelled(0, "First run", &prose::workload::class(first));
}

/// Adds the table of cells.
pub(super) fn table(screen: &mut Screen, report: &FlagReport) {
    let cells = rows(report, screen.options().verbose);
    let (fixed, columns) = (identity(report).len() + 1, all(report));
    let fits = |lines: &Vec<String>| lines.iter().all(|line| width(line) <= screen.width());
    let layouts = (fixed..=columns.len()).rev().map(|count| lines(report, &cells, &columns[..count]));
    let narrowest = || lines(report, &cells, &columns[..fixed]);
    let lines = layouts.into_iter().find(fits).unwrap_or_else(narrowest);
    screen.gap();
    let mut lines = lines.into_iter();
    screen.styled_line(Role::Heading, &lines.next().unwrap_or_default());
    for (line, cell) in lines.zip(cells) {
        match prose::flag::trouble(report, cell) {
            Some(reason) => {
                let room = screen.width().saturating_sub(width(&line) + 2);
                screen.styled_line(Role::Trouble, &format!("{line}  {}", shorten(&reason, room)));
            }
            None if report.is_recommended(cell) => screen.styled_line(Role::Chosen, &line),
            None if cell.status == FlagStatus::Predicted => screen.styled_line(Role::Faint, &line),
            None => screen.line(&line),
        }
    }
    screen.gap();
}

fn lines(report: &FlagReport, cells: &[&FlagCell], columns: &[FlagColumn]) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|column| column.heading(report)));
    let ids = identity(report);
    for cell in cells {
        let has_figures = matches!(cell.status, FlagStatus::Measured | FlagStatus::Predicted);
        let shown = columns.iter().filter(|column| has_figures || ids.contains(column));
        table.add_row(shown.map(|column| match column {
            FlagColumn::Width if report.is_recommended(cell) => format!("* {}", column.value(report, cell)),
            column => column.value(report, cell),
        }));
    }
    for column in table.column_iter_mut() {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

/// Adds the recommendation in one line.
pub(super) fn headline(screen: &mut Screen, report: &FlagReport) {
    screen.gap();
    screen.paragraph(Role::Heading, &prose::flag::headline(report));
}

fn recommendation(screen: &mut Screen, report: &FlagReport) {
    headline(screen, report);
    let advice = &report.recommendation;
    screen.labelled(INDENT, "Measured", &prose::flag::comparison(report));
    screen.labelled(INDENT, "Limit", &prose::flag::limit(&advice.limit));
    if let Some(serial) = advice.serial.as_ref().and_then(prose::flag::serial) {
        screen.labelled(INDENT, "Serial", &serial);
    }
    screen.labelled(INDENT, "Search", &prose::flag::search(report));
    for (i, note) in advice.notes.iter().enumerate() {
        screen.labelled(INDENT, if i == 0 { "Notes" } else { "" }, &prose::flag::note(note));
    }
    screen.gap();
    screen.verbatim(&advice.line);
    screen.verbatim("\n");
}
