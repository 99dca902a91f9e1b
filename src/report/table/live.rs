//! The table while it is measured: a row for each strategy, which fills when its first batch has ended.

use std::collections::BTreeMap;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, ContentArrangement, Table};

use crate::benchmark::event::{Event, Interim};
use crate::report::prose::uncertainty;
use crate::report::table::options::{CodeChoice, TableOptions};
use crate::report::table::screen::{Role, Screen};
use crate::report::text::{shorten, width};
use crate::strategy::StrategyKind;
use crate::units::PerSecond;

/// Text in place of what is not known yet.
const UNKNOWN: &str = "-";

/// Columns of the strip that shows intervals on one scale.
const STRIP: usize = 32;

/// Reach of the strip as a multiple of the leader's throughput; intervals that reach further are cut off.
const HEADROOM: f64 = 1.3;

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Strategy,
    Width,
    Rate,
    Interval,
    Margin,
    Batches,
    Strip,
}

use Column::{Batches, Interval, Margin, Rate, Strategy, Strip, Width};

/// Columns from the most to the fewest.
const LAYOUTS: &[&[Column]] = &[
    &[Strategy, Width, Rate, Interval, Batches, Strip],
    &[Strategy, Width, Rate, Interval, Batches],
    &[Strategy, Width, Rate, Margin, Batches],
    &[Strategy, Width, Rate, Margin],
    &[Strategy, Width, Rate],
];

/// What is known so far of the strategies of a workload.
#[derive(Debug, Clone, Default)]
pub(crate) struct LiveTable {
    strategies: Vec<StrategyKind>,
    interim: Vec<Interim>,
    trouble: BTreeMap<StrategyKind, String>,
}

impl LiveTable {
    /// Takes up what an event says; returns true if it changes the table.
    pub(crate) fn take(&mut self, event: &Event) -> bool {
        match event {
            Event::Planned { strategies } => {
                *self = LiveTable { strategies: strategies.clone(), ..LiveTable::default() };
            }
            Event::RoundEnded { interim } => self.interim.clone_from(interim),
            Event::BatchEnded { cell, throughput: Err(message), .. } => {
                self.trouble.insert(cell.strategy, message.clone());
            }
            _ => return false,
        }
        true
    }

    /// Returns the leader with its throughput and interval, in a few words; `None` before the first round.
    pub(crate) fn leader(&self) -> Option<String> {
        let leader = self.interim.iter().find(|interim| interim.is_leader)?;
        let interval = leader.interval95.map(|ends| format!(" ({})", uncertainty::interval(ends, rate)));
        Some(format!("{}: {} tasks/s{}", leader.cell, rate(leader.per_s), interval.unwrap_or_default()))
    }

    /// Returns the lines of the table in at most `columns`, without an end of the last line; empty if nothing
    /// is planned or if it needs more than `lines` lines.
    pub(crate) fn render(&self, columns: usize, lines: usize, colour: bool) -> String {
        if self.strategies.is_empty() || self.strategies.len() + 1 > lines {
            return String::new();
        }
        let options = TableOptions { width: columns, colour, verbose: false, code: CodeChoice::None };
        let mut screen = Screen::new(options);
        let rows = self.rows();
        let fits = |lines: &Vec<String>| lines.iter().all(|line| width(line) <= columns);
        let fewest = LAYOUTS[LAYOUTS.len() - 1];
        let shown = LAYOUTS.iter().map(|layout| text(&rows, layout)).find(fits);
        let mut shown = shown.unwrap_or_else(|| text(&rows, fewest)).into_iter();
        screen.styled_line(Role::Heading, &shown.next().unwrap_or_default());
        for (line, row) in shown.zip(&rows) {
            match (&row.trouble, row.interim) {
                (Some(trouble), None) => {
                    let room = columns.saturating_sub(width(&line) + 2);
                    screen.styled_line(Role::Trouble, &format!("{line}  {}", shorten(trouble, room)));
                }
                (_, Some(interim)) if interim.is_leader => screen.styled_line(Role::Chosen, &line),
                _ => screen.line(&line),
            }
        }
        screen.finish().trim_end().to_owned()
    }

    /// Returns a row for each strategy, the fastest first and those without figures last.
    fn rows(&self) -> Vec<Row<'_>> {
        let best = |strategy: StrategyKind| {
            let own = self.interim.iter().filter(move |interim| interim.cell.strategy == strategy);
            let better =
                |a: &&Interim, b: &&Interim| a.is_leader.cmp(&b.is_leader).then(a.per_s.total_cmp(&b.per_s));
            own.max_by(better)
        };
        let scale = self.interim.iter().map(|interim| interim.per_s).fold(0.0, f64::max) * HEADROOM;
        let row = |strategy: &StrategyKind| Row {
            strategy: *strategy,
            interim: best(*strategy),
            trouble: self.trouble.get(strategy),
            scale,
        };
        let mut rows: Vec<Row<'_>> = self.strategies.iter().map(row).collect();
        let rate = |row: &Row<'_>| row.interim.map_or(-1.0, |interim| interim.per_s);
        rows.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
        rows
    }
}

/// One strategy.
struct Row<'a> {
    strategy: StrategyKind,
    /// Its best configuration so far.
    interim: Option<&'a Interim>,
    /// The last failure of one of its batches.
    trouble: Option<&'a String>,
    /// Throughput at the end of the strip.
    scale: f64,
}

impl Row<'_> {
    /// Returns the text in a column.
    fn value(&self, column: Column) -> String {
        let known = self.interim.and_then(|interim| match column {
            Strategy => {
                let mark = if interim.is_leader { " *" } else { "" };
                Some(format!("{}{mark}", self.strategy))
            }
            Width => Some(interim.cell.width_label()),
            Rate => Some(rate(interim.per_s)),
            Interval => Some(uncertainty::interval(interim.interval95?, rate)),
            Margin => Some(uncertainty::margin(interim.per_s, interim.interval95?)),
            Batches => Some(interim.batches.to_string()),
            Strip => Some(strip(interim, self.scale)),
        });
        match (known, column) {
            (Some(known), _) => known,
            (None, Strategy) => self.strategy.to_string(),
            (None, Strip) => String::new(),
            (None, _) if self.trouble.is_some() && self.interim.is_none() => String::new(),
            (None, _) => UNKNOWN.to_owned(),
        }
    }
}

fn rate(per_s: f64) -> String {
    PerSecond(per_s).to_string()
}

/// Returns an interval as a line on a scale from 0, with the throughput as a mark on it.
fn strip(interim: &Interim, scale: f64) -> String {
    let at = |per_s: f64| {
        let share = if scale > 0.0 { (per_s / scale).clamp(0.0, 1.0) } else { 0.0 };
        (share * (STRIP - 1) as f64).round() as usize
    };
    let [low, high] = interim.interval95.unwrap_or([interim.per_s; 2]).map(at);
    let mark = at(interim.per_s);
    let character = |i: usize| match i {
        i if i == mark => '*',
        i if (low..=high).contains(&i) => '-',
        _ => ' ',
    };
    (0..STRIP).map(character).collect()
}

/// Returns heading and rows as lines.
fn text(rows: &[Row<'_>], columns: &[Column]) -> Vec<String> {
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(columns.iter().map(|column| match column {
        Strategy => "Strategy",
        Width => "Width",
        Rate => "Tasks/s",
        Interval | Margin => "95% CI",
        Batches => "Batches",
        Strip => "",
    }));
    for row in rows {
        table.add_row(columns.iter().map(|column| row.value(*column)));
    }
    let right = columns.iter().map(|column| !matches!(column, Strategy | Strip));
    for (column, is_right) in table.column_iter_mut().zip(right) {
        if is_right {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::Configuration;
    use std::time::Duration;

    fn interim(strategy: StrategyKind, width: usize, per_s: f64, half: f64) -> Interim {
        let interval95 = Some([per_s - half, per_s + half]);
        Interim { cell: Configuration::new(strategy, width), per_s, interval95, batches: 4, is_leader: false }
    }

    fn planned() -> LiveTable {
        let mut table = LiveTable::default();
        let strategies = vec![StrategyKind::Sequential, StrategyKind::Async, StrategyKind::Threads];
        assert!(table.take(&Event::Planned { strategies }));
        table
    }

    fn measured(half: f64) -> LiveTable {
        let mut table = planned();
        let leader = Interim { is_leader: true, ..interim(StrategyKind::Async, 200, 900.0, half) };
        let others =
            [interim(StrategyKind::Async, 64, 700.0, half), interim(StrategyKind::Sequential, 1, 21.5, 1.0)];
        let interim = others.into_iter().chain([leader]).collect();
        assert!(table.take(&Event::RoundEnded { interim }));
        table
    }

    #[test]
    fn rows_are_there_from_the_plan_on_and_fill_with_the_rounds() {
        let before = planned().render(80, 20, false);
        assert_eq!(before.lines().count(), 4);
        assert!(before.contains("threads") && before.contains(UNKNOWN), "{before}");
        assert_eq!(planned().leader(), None);
        let after = measured(60.0).render(80, 20, false);
        let lines: Vec<&str> = after.lines().collect();
        assert!(lines[1].trim_start().starts_with("async *") && lines[1].contains("840–960"), "{after}");
        assert!(lines[2].contains("21.5") && lines[3].contains("threads"), "{after}");
        assert_eq!(measured(60.0).leader().as_deref(), Some("async 200: 900 tasks/s (840–960)"));
    }

    #[test]
    fn it_fits_every_terminal() {
        for columns in [40, 60, 80, 100, 120, 200] {
            for line in measured(60.0).render(columns, 20, false).lines() {
                assert!(width(line) <= columns, "{columns}: {line:?}");
            }
        }
        assert!(measured(60.0).render(120, 20, false).contains("-*-"));
        assert!(!measured(60.0).render(60, 20, false).contains("-*-"));
        assert!(measured(60.0).render(80, 3, false).is_empty(), "higher than the terminal");
    }

    #[test]
    fn an_interval_that_shrinks_is_a_shorter_line() {
        let dashes = |half| measured(half).render(120, 20, false).matches('-').count();
        assert!(dashes(300.0) > dashes(100.0));
        assert!(dashes(100.0) > dashes(10.0));
    }

    #[test]
    fn a_strategy_that_cannot_be_run_says_why_in_its_row() {
        let mut table = measured(60.0);
        let cell = Configuration::new(StrategyKind::Threads, 8);
        let throughput = Err("E-POOL-001: a worker died, which this message tells at length".to_owned());
        assert!(table.take(&Event::BatchEnded { cell, throughput, elapsed: Duration::ZERO }));
        assert!(!table.take(&Event::BatchStarted { cell, elapsed: Duration::ZERO }));
        let text = table.render(60, 20, true);
        let line = text.lines().last().unwrap();
        assert!(line.contains("E-POOL-001") && text.contains("\u{1b}[1m\u{1b}[32m"), "{text:?}");
        assert!(width(&anstream::adapter::strip_str(line).to_string()) <= 60, "{line:?}");
    }
}
