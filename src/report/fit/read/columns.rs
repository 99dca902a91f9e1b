//! The columns of a table that a fit is made of.

use std::collections::BTreeSet;

use crate::report::fit::read::name::{Failures, Name};
use crate::report::fit::read::number::{self, Reading, Unit};
use crate::report::fit::read::source::Source;
use crate::report::fit::read::table::{Field, Table};
use crate::report::fit::series::ColumnNames;
use crate::workload::input::{InputError, closest};

/// Maximum number of columns that a message lists.
const MAX_LISTED: usize = 24;

/// Seconds above which a time is a date, and no time that a run took.
const LONGEST_RUN: f64 = 1e8;

/// The columns that are read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns {
    /// The number in flight.
    pub(super) width: usize,
    /// Where throughput comes from.
    pub(super) rate: Rate,
    /// Failures, with their form and the column of the number of tasks.
    pub(super) failures: Option<(usize, Failures, Option<usize>)>,
    /// Columns whose texts name a series.
    pub(super) keys: Vec<usize>,
}

/// Where throughput comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rate {
    /// A column with the tasks of a period, and the length of the period in seconds.
    Column(usize, f64),
    /// A number of tasks by the seconds that they took.
    CountByTime(usize, usize, f64),
    /// One run by the seconds that it took.
    RunsByTime(usize, f64),
}

/// A table with the file that it was read from.
pub(super) struct Chooser<'a> {
    source: &'a Source,
    table: &'a Table,
    names: Vec<Name>,
    /// True if a column without any number is none.
    is_strict: bool,
}

impl<'a> Chooser<'a> {
    /// Looks at the names of a table.
    pub(super) fn new(source: &'a Source, table: &'a Table) -> Self {
        let names = table.names.iter().map(|field| Name::new(&field.text)).collect();
        Chooser { source, table, names, is_strict: false }
    }

    /// Returns true if the table has columns with numbers in them that can be fitted.
    pub(super) fn is_likely(&self, wanted: &ColumnNames) -> bool {
        let strict = Chooser { is_strict: true, names: self.names.clone(), ..*self };
        strict.choose(wanted).is_ok()
    }

    /// Chooses the columns: those that the user names, else by their names and by what varies.
    ///
    /// # Errors
    /// When there is no such column, or two that are as likely.
    pub(super) fn choose(&self, wanted: &ColumnNames) -> Result<Columns, InputError> {
        let width = match &wanted.concurrency {
            Some(name) => self.named(name, "--concurrency")?,
            None if self.names.is_empty() => 0,
            None => self.width(wanted)?,
        };
        let rate = match &wanted.throughput {
            Some(name) => self.rate_column(self.named(name, "--throughput")?),
            None if self.names.is_empty() => Rate::Column(usize::from(width == 0), 1.0),
            None => self.rate(width)?,
        };
        Ok(Columns { width, rate, failures: self.failures(), keys: self.keys(width, rate) })
    }

    /// Finds a column by the name that the user gives, in any spelling, or by its number, from 1.
    fn named(&self, wanted: &str, option: &str) -> Result<usize, InputError> {
        let name = Name::new(wanted);
        let is_last =
            |text: &str| text.rsplit_once('.').is_some_and(|(_, last)| last.eq_ignore_ascii_case(wanted));
        let names = &self.table.names;
        let count = names.len().max(self.table.rows.first().map_or(0, Vec::len));
        let exact = self.table.column(wanted);
        let alike = || self.names.iter().position(|known| known.is_like(&name));
        let last = || names.iter().position(|field| is_last(&field.text));
        let number = || wanted.parse().ok().filter(|n| (1..=count).contains(n)).map(|n: usize| n - 1);
        exact.or_else(alike).or_else(last).or_else(number).ok_or_else(|| {
            let meant = closest(wanted, names.iter().map(|field| field.text.as_str()));
            let meant = meant.map(|name| format!("did you mean '{name}'? ")).unwrap_or_default();
            let message = format!("there is no column `{wanted}`, which {option} names");
            self.source.error(self.table.heading(), message).with_help(format!("{meant}{}", self.listed()))
        })
    }

    /// Returns the columns of the file in words.
    fn listed(&self) -> String {
        let names: Vec<&str> = self.table.names.iter().map(|field| field.text.as_str()).collect();
        match names.len() {
            0 => {
                let count = self.table.rows.first().map_or(0, Vec::len);
                format!("the columns here have no names; their numbers are 1 to {count}")
            }
            count if count > MAX_LISTED => {
                format!(
                    "the columns here are {} and {} more",
                    names[..MAX_LISTED].join(", "),
                    count - MAX_LISTED
                )
            }
            _ => format!("the columns here are {}", names.join(", ")),
        }
    }

    fn width(&self, wanted: &ColumnNames) -> Result<usize, InputError> {
        let mut candidates = self.candidates(Name::concurrency);
        if let Some(rate) = &wanted.throughput {
            candidates.retain(|(_, i)| !self.names[*i].is_like(&Name::new(rate)));
        }
        let varying: Vec<(u32, usize)> =
            candidates.iter().copied().filter(|(_, i)| self.varies(*i)).collect();
        let (first, second) = match (varying.as_slice(), candidates.as_slice()) {
            ([first, second, ..], _) => (*first, Some(*second)),
            ([only], _) | ([], [only, ..]) => (*only, None),
            ([], []) => return Err(self.missing("concurrency")),
        };
        match second {
            Some(second) if second.0 == first.0 && !self.agree(first.1, second.1) => {
                Err(self.unclear("concurrency", first.1, second.1))
            }
            _ => Ok(first.1),
        }
    }

    /// Returns the columns that a name ranks, the first ones first: those with numbers, or else, unless numbers are
    /// asked for, all.
    fn candidates(&self, rank: fn(&Name) -> Option<u32>) -> Vec<(u32, usize)> {
        let mut all: Vec<_> =
            (0..self.names.len()).filter_map(|i| Some((rank(&self.names[i])?, i))).collect();
        all.sort_unstable();
        if self.is_strict || all.iter().any(|(_, i)| self.has_numbers(*i)) {
            all.retain(|(_, i)| self.has_numbers(*i));
        }
        all
    }

    fn rate(&self, width: usize) -> Result<Rate, InputError> {
        let mut candidates = self.candidates(Name::throughput);
        candidates.retain(|(_, i)| *i != width);
        match candidates.as_slice() {
            [first, second, ..] if first.0 == second.0 && !self.agree(first.1, second.1) => {
                Err(self.unclear("throughput", first.1, second.1))
            }
            [(_, first), ..] => Ok(self.rate_column(*first)),
            [] => self.derived(width).ok_or_else(|| self.missing("throughput")),
        }
    }

    /// Returns a column of throughput; a time is that of one run.
    fn rate_column(&self, column: usize) -> Rate {
        let is_time = |field: &Field| matches!(number::read(&field.text, self.table.decimal), Reading::Number(q) if q.unit == Unit::Seconds);
        let name = self.names.get(column);
        let of_command = name.filter(|_| self.is_time_of_command(column)).map(Name::time_unit);
        let by_name = of_command.or_else(|| name.filter(|name| name.throughput().is_none())?.run_time());
        match by_name.or_else(|| self.table.fields(column).any(is_time).then_some(1.0)) {
            Some(unit) => Rate::RunsByTime(column, unit),
            None => Rate::Column(column, name.map_or(1.0, Name::period)),
        }
    }

    /// Derives throughput from the time that a run took.
    fn derived(&self, width: usize) -> Option<Rate> {
        let mean = Name::new("mean");
        let is_run_time = |i: usize| {
            let is_mean = self.names[i].is_like(&mean);
            let short = self.numbers(i).all(|seconds| seconds < LONGEST_RUN);
            i != width && short && self.has_numbers(i) && (!is_mean || self.is_time_of_command(i))
        };
        let times = (0..self.names.len()).filter_map(|i| Some((i, self.names[i].run_time()?)));
        let mut times = times.filter(|(i, _)| is_run_time(*i));
        let count =
            (0..self.names.len()).find(|i| *i != width && self.names[*i].is_count() && self.has_numbers(*i));
        match (count, times.clone().next(), times.find(|(i, _)| self.varies(*i))) {
            (Some(count), Some((time, unit)), _) => Some(Rate::CountByTime(count, time, unit)),
            (None, _, Some((time, unit))) => Some(Rate::RunsByTime(time, unit)),
            _ => None,
        }
    }

    /// Returns true for a time in a table of commands, such as hyperfine writes it.
    fn is_time_of_command(&self, column: usize) -> bool {
        let is_like =
            |name: &&str| self.names.get(column).is_some_and(|known| known.is_like(&Name::new(name)));
        self.table.column("command").is_some() && ["mean", "median", "min", "max"].iter().any(is_like)
    }

    fn failures(&self) -> Option<(usize, Failures, Option<usize>)> {
        let forms = [Failures::Share, Failures::Success, Failures::PerSecond, Failures::Count];
        let find = |form| {
            (0..self.names.len()).find(|i| self.names[*i].failures() == Some(form) && self.has_numbers(*i))
        };
        let (column, form) = forms.into_iter().find_map(|form| Some((find(form)?, form)))?;
        let count = (0..self.names.len()).find(|i| self.names[*i].is_count() && self.has_numbers(*i));
        Some((column, form, count))
    }

    /// Returns the columns of text that tell series apart, and further widths that vary within a width.
    fn keys(&self, width: usize, rate: Rate) -> Vec<usize> {
        let used = match rate {
            Rate::Column(column, _) | Rate::RunsByTime(column, _) => [width, column, column],
            Rate::CountByTime(count, time, _) => [width, count, time],
        };
        let others = (0..self.names.len()).filter(|i| !used.contains(i));
        others.filter(|i| self.is_text_key(*i, width) || self.is_second_width(*i, width)).collect()
    }

    /// Returns true if the column has several texts, each at two widths or more: a note or a date has not.
    fn is_text_key(&self, column: usize, width: usize) -> bool {
        let is_text =
            |text: &str| matches!(number::read(text, self.table.decimal), Reading::Text) && !is_date(text);
        let texts: BTreeSet<&str> = self.table.fields(column).map(|field| field.text.as_str()).collect();
        let is_key = texts.iter().all(|text| text.is_empty() || is_text(text));
        is_key && texts.len() > 1 && texts.iter().all(|text| self.widths_of(column, text, width) > 1)
    }

    /// Returns true for a second width, such as processes next to threads, if it varies while the first does not.
    fn is_second_width(&self, column: usize, width: usize) -> bool {
        let is_width = self.names[column].concurrency().is_some();
        let texts: BTreeSet<&str> = self.table.fields(column).map(|field| field.text.as_str()).collect();
        is_width
            && self.varies(column)
            && self.numbers(column).count() == self.table.rows.len()
            && texts.iter().all(|text| self.widths_of(column, text, width) > 1)
    }

    /// Returns the number of different widths in the rows with a text.
    fn widths_of(&self, column: usize, text: &str, width: usize) -> usize {
        let rows =
            self.table.rows.iter().filter(|row| row.get(column).is_some_and(|field| field.text == text));
        rows.filter_map(|row| row.get(width)).map(|field| field.text.as_str()).collect::<BTreeSet<_>>().len()
    }

    fn numbers(&self, column: usize) -> impl Iterator<Item = f64> {
        self.table.fields(column).filter_map(|field| number::value(&field.text, self.table.decimal))
    }

    fn has_numbers(&self, column: usize) -> bool {
        let is_number = |field: &Field| {
            matches!(number::read(&field.text, self.table.decimal), Reading::Number(_) | Reading::Ambiguous)
        };
        self.table.fields(column).any(is_number)
    }

    fn varies(&self, column: usize) -> bool {
        let mut numbers = self.numbers(column);
        numbers.next().is_some_and(|first| numbers.any(|other| other != first))
    }

    /// Returns true if two columns have the same numbers, or one is the other many times over.
    fn agree(&self, a: usize, b: usize) -> bool {
        let pairs = self.table.rows.iter().filter_map(|row| {
            let number = |column: usize| number::value(&row.get(column)?.text, self.table.decimal);
            Some((number(a)?, number(b)?))
        });
        let ratios: Vec<f64> = pairs.filter(|(_, b)| *b != 0.0).map(|(a, b)| a / b).collect();
        ratios.windows(2).all(|pair| (pair[0] / pair[1] - 1.0).abs() < 1e-9)
    }

    fn missing(&self, what: &str) -> InputError {
        let meant = closest(what, self.table.names.iter().map(|field| field.text.as_str()));
        let meant = meant.map(|name| format!("did you mean '{name}'? ")).unwrap_or_default();
        let help = format!("{meant}{}; name it with --{what} COLUMN", self.listed());
        self.source.error(self.table.heading(), format!("there is no column `{what}`")).with_help(help)
    }

    fn unclear(&self, what: &str, first: usize, second: usize) -> InputError {
        let [first, second] = [first, second].map(|column| self.table.name(column));
        let message = format!("`{first}` and `{second}` may both be the {what}");
        let help = format!("say which with --{what}, such as --{what} '{first}'; {}", self.listed());
        self.source.error(self.table.heading(), message).with_help(help)
    }
}

/// Returns true for a date or a time of day.
fn is_date(text: &str) -> bool {
    let is_inside = |c: char| c.is_ascii_digit() || "-:/.+TZ ".contains(c);
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(is_inside)
}
