//! Lines of fields: CSV, tables of spreadsheets, Markdown, and columns between blanks.

use std::ops::Range;

use crate::report::fit::read::name::Name;
use crate::report::fit::read::number::{self, Decimal};
use crate::report::fit::read::source::Source;
use crate::report::fit::read::table::{Field, Table};

/// A character or a gap between fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Char(char),
    /// Two blanks or more, or a tab.
    Gap,
    /// Any blank.
    Blank,
}

/// What may separate fields; the first of several that fit equally well is taken.
const SEPARATORS: [Separator; 6] = [
    Separator::Char('\t'),
    Separator::Char('|'),
    Separator::Char(';'),
    Separator::Char(','),
    Separator::Gap,
    Separator::Blank,
];

/// Characters that lines between the rows of a table are drawn with.
const RULE: &str = "-=+|:_─━│┃┼├┤┌┐└┘┬┴ \t";

/// Starts of lines that are comments.
const COMMENTS: [&str; 3] = ["#", "//", "--"];

/// Maximum number of rows of a table whose names are in its first column: more rows are measurements.
const MAX_ACROSS: usize = 12;

/// Maximum number of lines above the names, such as a title.
const MAX_PREAMBLE: usize = 30;

/// Reads a table; `None` if the lines are none.
///
/// A row that names a width and a throughput, or a column of `wanted`, is that of the names; lines above it are left
/// out. Without such a row, the first row is that of the names unless it begins with two numbers.
pub(super) fn read(source: &Source, wanted: &[&str]) -> Option<Table> {
    let lines: Vec<(usize, &str)> = source.lines().filter_map(|(start, line)| content(start, line)).collect();
    let (separator, count) = separator(&lines)?;
    let rows: Vec<Vec<Field>> = lines
        .iter()
        .map(|(start, line)| row(line, *start, separator, count))
        .filter(|row| has_text(row))
        .collect();
    let texts = || rows.iter().flatten().map(|field| field.text.as_str());
    let decimal = match separator {
        Separator::Char(',') => Decimal::Point,
        Separator::Char(';') => number::decimal(texts(), true),
        // English is more usual where nothing decides: 1,234 is more than a thousand.
        _ => {
            Some(number::decimal(texts(), true)).filter(|d| *d != Decimal::Unknown).unwrap_or(Decimal::Point)
        }
    };
    let heading = rows.iter().take(MAX_PREAMBLE).position(|row| has_names(row, wanted));
    let table = match heading {
        Some(at) => below(rows, at, decimal),
        None => match transposed(&rows, decimal, wanted) {
            Some(table) => table,
            None if is_numeric(rows.first()?, decimal) => Table::new(Vec::new(), rows, decimal),
            None => below(rows, 0, decimal),
        },
    };
    Some(table)
}

/// Returns what may hold fields in the line at byte `start`; `None` if it is empty, a comment or a drawn rule.
fn content(start: usize, line: &str) -> Option<(usize, &str)> {
    let text = line.trim();
    if text.chars().all(|c| RULE.contains(c)) {
        return None;
    }
    if !COMMENTS.iter().any(|mark| text.starts_with(mark)) {
        return Some((start, line));
    }
    let bare = line.trim_start_matches(['#', '/', '-', ' ', '\t']);
    names_columns(bare).then_some((start + line.len() - bare.len(), bare))
}

fn has_text(row: &[Field]) -> bool {
    row.iter().any(|field| !field.text.is_empty())
}

/// Returns true for a comment such as `# threads,tps`, which holds the names.
fn names_columns(bare: &str) -> bool {
    let parts: Vec<Name> = bare.split([',', ';', '\t', '|']).flat_map(|part| [Name::new(part)]).collect();
    let blanks: Vec<Name> = bare.split_whitespace().map(Name::new).collect();
    [parts, blanks].iter().any(|names| {
        names.len() > 1
            && names.iter().any(|name| name.concurrency().is_some())
            && names.iter().any(|name| name.throughput().is_some())
    })
}

/// Returns the separator that splits most lines alike, and the number of fields.
fn separator(lines: &[(usize, &str)]) -> Option<(Separator, usize)> {
    let alike = SEPARATORS.into_iter().filter_map(|separator| {
        let counts: Vec<usize> = lines.iter().map(|(_, line)| split(line, separator).len()).collect();
        let rows = |count: &usize| counts.iter().filter(|c| *c == count).count();
        let best = counts.iter().filter(|count| **count > 1).max_by_key(|count| (rows(count), **count))?;
        Some((separator, *best, rows(best)))
    });
    // `max_by_key` returns the last of equals, so the order is reversed.
    let found: Vec<_> = alike.collect();
    let (separator, count, _) = found.into_iter().rev().max_by_key(|(_, _, rows)| *rows)?;
    Some((separator, count))
}

/// Splits a line by the separator of the file, or by another one that gives as many fields.
fn row(line: &str, start: usize, separator: Separator, count: usize) -> Vec<Field> {
    let usual = split(line, separator);
    let other = || SEPARATORS.into_iter().map(|s| split(line, s)).find(|fields| fields.len() == count);
    let ranges = if usual.len() == count { usual } else { other().unwrap_or(usual) };
    ranges.into_iter().map(|range| field(line, start, range)).collect()
}

/// Returns the bytes of each field; quotes are those of RFC 4180.
fn split(line: &str, separator: Separator) -> Vec<Range<usize>> {
    let framed = separator == Separator::Char('|') && line.trim_start().starts_with(['|', '│', '┃']);
    let gaps = match separator {
        Separator::Char(c) => marks(line, c),
        Separator::Gap => blanks(line, 2),
        Separator::Blank => blanks(line, 1),
    };
    let mut ranges = Vec::with_capacity(gaps.len() + 1);
    let mut begin = 0;
    for gap in gaps {
        ranges.push(begin..gap.start);
        begin = gap.end;
    }
    ranges.push(begin..line.len());
    if framed || separator == Separator::Gap || separator == Separator::Blank {
        let is_outer = |range: &Range<usize>| line[range.clone()].trim().is_empty();
        if ranges.first().is_some_and(is_outer) {
            ranges.remove(0);
        }
        if ranges.last().is_some_and(is_outer) {
            ranges.pop();
        }
    }
    ranges
}

fn marks(line: &str, separator: char) -> Vec<Range<usize>> {
    let is_separator = |c: char| c == separator || (separator == '|' && ['│', '┃'].contains(&c));
    let mut quoted = false;
    let mut found = Vec::new();
    for (i, c) in line.char_indices() {
        quoted ^= c == '"';
        if is_separator(c) && !quoted {
            found.push(i..i + c.len_utf8());
        }
    }
    found
}

/// Returns the runs of at least `least` blanks outside of quotes; a tab is as good as two.
fn blanks(line: &str, least: usize) -> Vec<Range<usize>> {
    let mut quoted = false;
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut run: Option<Range<usize>> = None;
    let is_gap = |run: &Range<usize>| run.len() >= least || line[run.clone()].contains('\t');
    for (i, c) in line.char_indices() {
        quoted ^= c == '"';
        if c.is_whitespace() && !quoted {
            run = Some(run.map_or(i, |run| run.start)..i + c.len_utf8());
        } else if let Some(run) = run.take().filter(is_gap) {
            found.push(run);
        }
    }
    found.extend(run.filter(is_gap));
    found
}

fn field(line: &str, start: usize, range: Range<usize>) -> Field {
    let raw = &line[range.clone()];
    let trimmed = raw.trim();
    let from = start + range.start + (raw.len() - raw.trim_start().len());
    let inner = trimmed.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    let text = inner.map_or_else(|| trimmed.to_owned(), |t| t.trim().replace("\"\"", "\""));
    // Emphasis of Markdown is no part of a number or a name.
    let text = text.trim_matches(['*', '`']).to_owned();
    Field::new(text, from..from + trimmed.len())
}

/// Returns true for a row that names a width and a throughput, or a column that the user asks for.
fn has_names(row: &[Field], wanted: &[&str]) -> bool {
    let has_figures = row.iter().any(|field| field.text.parse::<f64>().is_ok());
    let names = || row.iter().map(|field| Name::new(&field.text));
    let is_wanted =
        |field: &Field| wanted.iter().any(|name| Name::new(name).is_like(&Name::new(&field.text)));
    let is_width = names().any(|name| name.concurrency().is_some());
    let is_rate = names().any(|name| name.throughput().is_some() || name.run_time().is_some());
    row.len() > 1 && !has_figures && (is_width && is_rate || row.iter().any(is_wanted))
}

fn is_number(field: &Field, decimal: Decimal) -> bool {
    number::value(&field.text, decimal).is_some()
}

fn is_numeric(row: &[Field], decimal: Decimal) -> bool {
    row.len() > 1 && row.iter().take(2).all(|field| is_number(field, decimal))
}

/// Takes the row at `heading` as the names, and those below it, without repetitions of the names.
fn below(mut rows: Vec<Vec<Field>>, heading: usize, decimal: Decimal) -> Table {
    let mut rest = rows.split_off(heading);
    let names = rest.remove(0);
    let is_name = |row: &Vec<Field>| row.iter().zip(&names).all(|(a, b)| a.text == b.text);
    let rows = rest.into_iter().filter(|row| !is_name(row)).collect();
    Table::new(names, rows, decimal)
}

/// Returns true for the name of a width or of a throughput.
fn is_figure(name: &str) -> bool {
    let name = Name::new(name);
    name.concurrency().is_some() || name.throughput().is_some() || name.run_time().is_some()
}

/// Turns a table whose names are in its first column.
fn transposed(rows: &[Vec<Field>], decimal: Decimal, wanted: &[&str]) -> Option<Table> {
    let names: Vec<Field> = rows.iter().map(|row| row.first().cloned().unwrap_or_default()).collect();
    let numbers = |row: &Vec<Field>| row.iter().skip(1).filter(|field| is_number(field, decimal)).count();
    let names_figures = |row: &&Vec<Field>| row.first().is_some_and(|field| is_figure(&field.text));
    let is_wide = rows.iter().filter(names_figures).all(|row| numbers(row) > 1);
    if rows.len() > MAX_ACROSS || !has_names(&names, wanted) || !is_wide {
        return None;
    }
    let columns = rows.iter().map(Vec::len).max()?;
    let column = |i: usize| rows.iter().map(|row| row.get(i).cloned().unwrap_or_default()).collect();
    Some(Table::new(names, (1..columns).map(column).collect(), decimal))
}
