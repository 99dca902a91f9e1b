//! A plot made of characters: measured points, the curve and its band against the width.

use crate::report::text::width as columns_of;
use crate::units::PerSecond;

/// Rows of the plot itself.
const ROWS: usize = 14;

/// Maximum width of a plot in columns: beyond it the curve only gets flatter.
const WIDEST: usize = 96;

/// Ratio of the widest to the narrowest width above which the axis is logarithmic.
const LOGARITHMIC_FROM: f64 = 100.0;

/// Number of dots across and down in one of Unicode's braille patterns.
const DOTS: (usize, usize) = (2, 4);

/// The bits of the dots in a braille pattern, row by row (The Unicode Standard, section 21.1).
const BRAILLE: [[u8; DOTS.0]; DOTS.1] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

/// The characters to draw with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Glyphs {
    /// Braille patterns and blocks.
    Unicode,
    /// Characters that every terminal has.
    Ascii,
}

/// The data of a plot.
pub(super) struct Plot<'a> {
    /// Measured points: width and rate in tasks per second.
    pub(super) points: &'a [(f64, f64)],
    /// The curve and its band at a width, if there is a curve.
    pub(super) curve: Option<&'a dyn Fn(f64) -> (f64, [f64; 2])>,
}

/// A character of the plot and what it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing.
    Empty,
    /// A measured point.
    Point,
    /// The curve.
    Curve(char),
    /// The band.
    Band,
}

impl Mark {
    /// The character.
    pub(super) fn glyph(self, glyphs: Glyphs) -> char {
        match (self, glyphs) {
            (Mark::Empty, _) => ' ',
            (Mark::Point, Glyphs::Unicode) => '●',
            (Mark::Point, Glyphs::Ascii) => 'o',
            (Mark::Curve(dots), Glyphs::Unicode) => dots,
            (Mark::Curve(_), Glyphs::Ascii) => '*',
            (Mark::Band, Glyphs::Unicode) => '░',
            (Mark::Band, Glyphs::Ascii) => ':',
        }
    }
}

/// A line of the plot: the label left of the axis, and the marks right of it.
pub(super) struct Row {
    /// The label, padded to the same width in every row.
    pub(super) label: String,
    /// The marks, from left to right.
    pub(super) marks: Vec<Mark>,
}

/// The plot laid out.
pub(super) struct Layout {
    /// The rows, from top to bottom.
    pub(super) rows: Vec<Row>,
    /// Columns left of the axis.
    pub(super) margin: usize,
    /// The line below the axis, without the margin.
    pub(super) ticks: String,
    /// Columns right of the axis, where there is a tick.
    pub(super) tick_columns: Vec<usize>,
}

/// The mapping of widths and rates to the plot.
struct Scale {
    narrowest: f64,
    widest: f64,
    most: f64,
    columns: usize,
}

impl Scale {
    fn is_logarithmic(&self) -> bool {
        self.widest > LOGARITHMIC_FROM * self.narrowest
    }

    /// Returns the position of a width, from 0 at the left to 1 at the right.
    fn across(&self, width: f64) -> f64 {
        if self.is_logarithmic() {
            (width / self.narrowest).ln() / (self.widest / self.narrowest).ln()
        } else {
            width / self.widest
        }
    }

    fn width_at(&self, across: f64) -> f64 {
        if self.is_logarithmic() {
            self.narrowest * (self.widest / self.narrowest).powf(across)
        } else {
            self.widest * across
        }
    }

    fn column(&self, width: f64) -> usize {
        ((self.across(width) * self.columns as f64) as usize).min(self.columns - 1)
    }

    /// Returns the height of a rate in steps from the bottom, of `steps` in all; `None` above the top.
    fn height(&self, rate: f64, steps: usize) -> Option<usize> {
        let height = rate / self.most * steps as f64;
        (height < steps as f64).then_some(height.max(0.0) as usize)
    }
}

/// Lays a plot out in `columns` columns, labels included; `None` without points.
pub(super) fn layout(plot: &Plot<'_>, columns: usize) -> Option<Layout> {
    let most = plot.points.iter().map(|p| p.1).reduce(f64::max)? * 1.05;
    let labels: Vec<String> = (0..ROWS).map(|row| label(row, most)).collect();
    let margin = labels.iter().map(|label| columns_of(label)).max().unwrap_or(0) + 1;
    let scale = Scale {
        narrowest: plot.points.iter().map(|p| p.0).fold(f64::INFINITY, f64::min),
        widest: plot.points.iter().map(|p| p.0).fold(0.0, f64::max),
        most,
        columns: columns.min(WIDEST).saturating_sub(margin + 2).max(10),
    };
    let mut marks = vec![vec![Mark::Empty; scale.columns]; ROWS];
    if let Some(curve) = plot.curve {
        draw_band(&mut marks, &scale, curve);
        draw_curve(&mut marks, &scale, curve);
    }
    for (width, rate) in plot.points {
        if let Some(height) = scale.height(*rate, ROWS) {
            marks[ROWS - 1 - height][scale.column(*width)] = Mark::Point;
        }
    }
    let rows = labels.into_iter().zip(marks);
    let rows = rows.map(|(label, marks)| Row { label: format!("{label:>margin$}"), marks }).collect();
    let (ticks, tick_columns) = ticks(&scale);
    Some(Layout { rows, margin, ticks, tick_columns })
}

/// Returns the rate at the top, in the middle and at the bottom of the axis; empty elsewhere.
fn label(row: usize, most: f64) -> String {
    match row {
        0 => PerSecond(most).to_string(),
        row if row == ROWS / 2 => PerSecond(most / 2.0).to_string(),
        row if row == ROWS - 1 => "0".to_owned(),
        _ => String::new(),
    }
}

fn draw_band(marks: &mut [Vec<Mark>], scale: &Scale, curve: &dyn Fn(f64) -> (f64, [f64; 2])) {
    for column in 0..scale.columns {
        let width = scale.width_at((column as f64 + 0.5) / scale.columns as f64);
        if width < scale.narrowest {
            continue;
        }
        let (_, [low, high]) = curve(width);
        for (row, line) in marks.iter_mut().enumerate() {
            let middle = ((ROWS - row) as f64 - 0.5) / ROWS as f64 * scale.most;
            if low <= middle && middle <= high {
                line[column] = Mark::Band;
            }
        }
    }
}

/// Sets a dot for every column of dots, and those between two of them that are far apart.
fn draw_curve(marks: &mut [Vec<Mark>], scale: &Scale, curve: &dyn Fn(f64) -> (f64, [f64; 2])) {
    let (across, down) = (scale.columns * DOTS.0, ROWS * DOTS.1);
    let mut bits = vec![vec![0_u8; scale.columns]; ROWS];
    let mut before: Option<usize> = None;
    for dot in 0..across {
        let width = scale.width_at((dot as f64 + 0.5) / across as f64);
        let height = scale.height(curve(width).0, down).filter(|_| width >= scale.narrowest);
        if let Some(height) = height {
            let from = before.map_or(height, |before| if before < height { before + 1 } else { height });
            let to = before.map_or(height, |before| if before > height { before - 1 } else { height });
            for height in from.min(to)..=to.max(from) {
                let from_top = down - 1 - height;
                bits[from_top / DOTS.1][dot / DOTS.0] |= BRAILLE[from_top % DOTS.1][dot % DOTS.0];
            }
        }
        before = height;
    }
    for (line, bits) in marks.iter_mut().zip(bits) {
        for (mark, bits) in line.iter_mut().zip(bits).filter(|(_, bits)| *bits != 0) {
            let dots = char::from_u32(0x2800 + u32::from(bits)).expect("the block has 256 patterns");
            *mark = Mark::Curve(dots);
        }
    }
}

/// Returns the widths below the axis, as many as fit, and the columns of their ticks.
fn ticks(scale: &Scale) -> (String, Vec<usize>) {
    let (mut line, mut columns) = (String::new(), Vec::new());
    for width in tick_widths(scale) {
        let (column, text) = (scale.column(width), width.to_string());
        let start = column.saturating_sub(text.len() / 2).min(scale.columns.saturating_sub(text.len()));
        if columns.is_empty() || start > line.len() + 1 {
            line = format!("{line:start$}{text}");
            columns.push(column);
        }
    }
    (line, columns)
}

fn tick_widths(scale: &Scale) -> Vec<f64> {
    if scale.is_logarithmic() {
        let powers = std::iter::successors(Some(1.0), |width: &f64| Some(width * 2.0));
        let inside = |width: &f64| *width >= scale.narrowest;
        return powers.take_while(|width| *width <= scale.widest).filter(inside).collect();
    }
    let step = round_step(scale.widest / 8.0);
    (0..).map(|i| f64::from(i) * step).take_while(|width| *width <= scale.widest).collect()
}

/// Returns the smallest of 1, 2, 5, 10, 20 … that is not below `least`; never a fraction.
fn round_step(least: f64) -> f64 {
    let decades = std::iter::successors(Some(1.0), |decade: &f64| Some(decade * 10.0));
    let steps = decades.take(300).flat_map(|decade| [1.0, 2.0, 5.0].map(|step| step * decade));
    steps.into_iter().find(|step| *step >= least).unwrap_or(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: &[(f64, f64)], columns: usize, glyphs: Glyphs) -> Vec<String> {
        let curve = |n: f64| (10.0 * n, [9.0 * n, 11.0 * n]);
        let layout = layout(&Plot { points, curve: Some(&curve) }, columns).expect("points");
        let row = |row: &Row| -> String { row.marks.iter().map(|mark| mark.glyph(glyphs)).collect() };
        layout.rows.iter().map(row).collect()
    }

    const POINTS: [(f64, f64); 3] = [(1.0, 10.0), (4.0, 40.0), (8.0, 80.0)];

    #[test]
    fn the_highest_point_is_at_the_top_and_the_widest_at_the_right() {
        let rows = drawn(&POINTS, 60, Glyphs::Unicode);
        assert_eq!(rows.len(), ROWS);
        assert!(rows[0].ends_with('●'), "{rows:#?}");
        assert_eq!(rows.concat().matches('●').count(), 3, "{rows:#?}");
        assert!(rows.concat().contains(|c: char| ('\u{2800}'..'\u{2900}').contains(&c)), "{rows:#?}");
        assert!(rows[ROWS - 1].starts_with(' '), "nothing is said left of the narrowest: {rows:#?}");
    }

    #[test]
    fn ascii_is_ascii() {
        let rows = drawn(&POINTS, 60, Glyphs::Ascii).concat();
        assert!(rows.is_ascii() && rows.contains('o') && rows.contains('*'), "{rows}");
    }

    #[test]
    fn ticks_have_room_and_end_within_the_plot() {
        for (widest, columns) in [(8.0, 30), (64.0, 80), (1000.0, 80), (3.5, 40), (1e6, 60)] {
            let points = [(1.0, 5.0), (widest, 10.0)];
            let layout = layout(&Plot { points: &points, curve: None }, columns).expect("points");
            assert!(layout.ticks.len() <= columns, "{}", layout.ticks);
            assert!(layout.ticks.split_whitespace().count() >= 2, "{widest}: {}", layout.ticks);
            assert_eq!(layout.ticks.split_whitespace().count(), layout.tick_columns.len());
        }
    }

    #[test]
    fn no_points_are_no_plot() {
        assert!(layout(&Plot { points: &[], curve: None }, 80).is_none());
    }
}
