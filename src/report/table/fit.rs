//! The scaling law of a series: the plot, the coefficients, and their meaning.

use crate::advice::scaling::{FitStatus, coefficient};
use crate::report::fit::FitReport;
use crate::report::prose;
use crate::report::table::plot::{Glyphs, Layout, Mark, Plot, Row, layout};
use crate::report::table::screen::{Role, Screen};
use crate::units::{PerSecond, Share};

/// Adds everything about one series.
pub(super) fn section(screen: &mut Screen, report: &FitReport, glyphs: Glyphs) {
    screen.gap();
    screen.paragraph(Role::Heading, &heading(report));
    if let Some(table) = &report.table {
        screen.labelled(0, "Columns", &prose::fit::columns(table));
        table.unused.iter().for_each(|unused| screen.labelled(0, "Left out", &prose::fit::unused(unused)));
    }
    let usl = &report.model.usl;
    // A run has many strategies; those with few points are not worth a plot each.
    if report.strategy.is_none() || usl.status != FitStatus::TooFewWidths || screen.options().verbose {
        screen.gap();
        plot(screen, report, glyphs);
        screen.gap();
    }
    match usl.status {
        FitStatus::Fitted => coefficients(screen, report),
        _ => screen.labelled(0, "USL", &prose::scaling::sentence(&report.model)),
    }
    for (i, note) in report.notes.iter().enumerate() {
        screen.labelled(0, if i == 0 { "Notes" } else { "" }, &prose::fit::note(note));
    }
    if screen.options().verbose {
        points(screen, report);
    }
}

fn heading(report: &FitReport) -> String {
    let widths = report.widths();
    let range = match (widths.first(), widths.last()) {
        (Some(first), Some(last)) => format!(" · {} widths from {first} to {last}", widths.len()),
        _ => String::new(),
    };
    format!("{} · {} points{range}", report.title(), report.points.len())
}

fn coefficients(screen: &mut Screen, report: &FitReport) {
    let usl = &report.model.usl;
    let (Some(lambda), Some(sigma), Some(kappa), Some(ci)) = (usl.lambda, usl.sigma, usl.kappa, usl.ci95)
    else {
        return;
    };
    screen.labelled(0, "USL", "X(N) = lambda N / (1 + sigma (N - 1) + kappa N (N - 1))");
    let rates = ci.lambda.map(|x| PerSecond(x).to_string());
    let line = |name: &str, value: String, [low, high]: [String; 2], meaning: &str| {
        format!("{name} {value} ({low} to {high}): {meaning}")
    };
    let lines = [
        line("lambda", PerSecond(lambda).to_string(), rates, "throughput with one in flight"),
        line("sigma", coefficient(sigma), ci.sigma.map(coefficient), "the share that is serialised"),
        line("kappa", coefficient(kappa), ci.kappa.map(coefficient), "the cost of keeping tasks consistent"),
    ];
    lines.iter().for_each(|line| screen.labelled(0, "", line));
    if let Some(residual) = usl.residual {
        screen.labelled(0, "Residuals", &format!("{} of the throughput", Share(residual)));
    }
    screen.labelled(0, "Peak", &prose::scaling::peak_meaning(usl));
    if let Some(amdahl) = &report.model.amdahl {
        let ceiling = amdahl.ceiling_per_s.map_or("no ceiling".to_owned(), |ceiling| {
            format!("would never pass {}/s, however wide", PerSecond(ceiling))
        });
        let [low, high] = amdahl.sigma_ci95.map(coefficient);
        let line = format!("without kappa: sigma {} ({low} to {high}); {ceiling}", coefficient(amdahl.sigma));
        screen.labelled(0, "Amdahl", &line);
    }
}

fn plot(screen: &mut Screen, report: &FitReport, glyphs: Glyphs) {
    let points: Vec<(f64, f64)> = report.points.iter().map(|p| (p.width, p.throughput_per_s)).collect();
    let law = |width: f64| report.at(width);
    let curve: Option<&dyn Fn(f64) -> (f64, [f64; 2])> =
        if report.curve.is_empty() { None } else { Some(&law) };
    let Some(layout) = layout(&Plot { points: &points, curve }, screen.width()) else { return };
    screen.line("tasks/s");
    for row in &layout.rows {
        let text = format!("{} {}{}", row.label, axis(glyphs), marks(screen, row, glyphs));
        screen.line(&text);
    }
    below(screen, &layout, glyphs);
    if curve.is_some() {
        let [point, line, band] = match glyphs {
            Glyphs::Unicode => ["●", "⠒", "░"],
            Glyphs::Ascii => ["o", "*", ":"],
        };
        screen.line(&format!("{point} measured   {line} USL   {band} 95% confidence"));
    }
}

fn axis(glyphs: Glyphs) -> char {
    match glyphs {
        Glyphs::Unicode => '│',
        Glyphs::Ascii => '|',
    }
}

/// Returns the marks in their colours, without empty ones at the end.
fn marks(screen: &Screen, row: &Row, glyphs: Glyphs) -> String {
    let end = row.marks.iter().rposition(|mark| *mark != Mark::Empty).map_or(0, |last| last + 1);
    let runs = row.marks[..end].chunk_by(|a, b| role(*a) == role(*b));
    runs.map(|run| {
        let text: String = run.iter().map(|mark| mark.glyph(glyphs)).collect();
        role(run[0]).map_or(text.clone(), |role| screen.paint(role, &text))
    })
    .collect()
}

fn role(mark: Mark) -> Option<Role> {
    match mark {
        Mark::Empty => None,
        Mark::Point => Some(Role::Chosen),
        Mark::Curve(_) => Some(Role::Label),
        Mark::Band => Some(Role::Faint),
    }
}

/// Adds the axis of widths with its ticks and its unit.
fn below(screen: &mut Screen, layout: &Layout, glyphs: Glyphs) {
    let (corner, line, tick) = match glyphs {
        Glyphs::Unicode => ('└', '─', '┬'),
        Glyphs::Ascii => ('+', '-', '+'),
    };
    let columns = layout.rows.first().map_or(0, |row| row.marks.len());
    let axis: String =
        (0..columns).map(|c| if layout.tick_columns.contains(&c) { tick } else { line }).collect();
    let margin = layout.margin + 1;
    screen.line(&format!("{:margin$}{corner}{axis}", ""));
    screen.line(&format!("{:margin$} {}", "", layout.ticks));
    let what = "in flight";
    screen.line(&format!("{:1$}{what}", "", (margin + columns).saturating_sub(what.len())));
}

/// Adds every point next to the value of the curve.
fn points(screen: &mut Screen, report: &FitReport) {
    screen.gap();
    screen.styled_line(Role::Heading, "In flight   Measured       USL");
    for point in &report.points {
        let fitted = point.fitted_per_s.map_or("-".to_owned(), |x| PerSecond(x).to_string());
        let (width, rate) = (point.width.to_string(), PerSecond(point.throughput_per_s).to_string());
        screen.line(&format!("{width:>9} {rate:>10} {fitted:>9}"));
    }
}
