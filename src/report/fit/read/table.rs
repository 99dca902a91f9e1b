//! A table of fields: what every form of a file comes down to.

use std::ops::Range;

use crate::report::fit::read::name::Name;
use crate::report::fit::read::number::Decimal;

/// A field with its position in the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Field {
    /// The content.
    pub(super) text: String,
    /// The bytes of the file that it is read from.
    pub(super) span: Range<usize>,
}

/// Rows of fields, and the names of the columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Table {
    /// The names; empty if the file has none.
    pub(super) names: Vec<Field>,
    /// The measurements, and lines below them.
    pub(super) rows: Vec<Vec<Field>>,
    /// The mark before the decimals.
    pub(super) decimal: Decimal,
    /// Number of samples that no row was made of, because the load changed too soon.
    pub(super) transient: usize,
}

/// A row by name, as JSON and printed reports give it.
pub(super) type Record = Vec<(String, Field)>;

impl Field {
    /// Makes a field.
    pub(super) fn new(text: impl Into<String>, span: Range<usize>) -> Self {
        Field { text: text.into(), span }
    }
}

impl Table {
    /// Makes a table of rows under names.
    pub(super) fn new(names: Vec<Field>, rows: Vec<Vec<Field>>, decimal: Decimal) -> Self {
        Table { names, rows, decimal, transient: 0 }
    }

    /// Makes a table of records; a column for each name, in the order in which the names occur.
    pub(super) fn of_records(records: Vec<Record>) -> Self {
        let mut names: Vec<Field> = Vec::new();
        for (name, field) in records.iter().flatten() {
            if !names.iter().any(|known| known.text == *name) {
                names.push(Field::new(name.clone(), field.span.clone()));
            }
        }
        let row = |record: Record| {
            let start = record.first().map_or(0..0, |(_, field)| field.span.clone());
            let find = |name: &Field| {
                let field = record.iter().find(|(key, _)| *key == name.text).map(|(_, field)| field.clone());
                field.unwrap_or_else(|| Field::new("", start.clone()))
            };
            names.iter().map(find).collect()
        };
        let rows = records.into_iter().map(row).collect();
        Table::new(names, rows, Decimal::Point)
    }

    /// Adds a column of the one number in which the commands of the rows differ, if there is one: `make -j4`.
    pub(super) fn with_number_of_commands(mut self) -> Self {
        let Some(column) = self.column("command") else { return self };
        if self.names.iter().any(|name| Name::new(&name.text).concurrency().is_some()) {
            return self;
        }
        let parts = |row: &Vec<Field>| row.get(column).map(|field| numbers_apart(&field.text));
        let Some(rows) = self.rows.iter().map(parts).collect::<Option<Vec<_>>>() else { return self };
        let differs = |i: usize| rows.iter().any(|row| row.get(i) != rows[0].get(i));
        let differing: Vec<usize> = (0..rows.first().map_or(0, Vec::len)).filter(|i| differs(*i)).collect();
        let is_alike = rows.iter().all(|row| row.len() == rows[0].len());
        if let (true, [only]) = (is_alike, differing.as_slice())
            && rows.iter().all(|row| row[*only].bytes().all(|b| b.is_ascii_digit()))
        {
            self.names
                .push(Field::new("concurrency (number in the command)", self.names[column].span.clone()));
            for (row, parts) in self.rows.iter_mut().zip(&rows) {
                row.resize(self.names.len() - 1, Field::default());
                row.push(Field::new(parts[*only].clone(), row[column].span.clone()));
            }
        }
        self
    }

    /// Returns the column of a name, regardless of case.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|field| field.text.eq_ignore_ascii_case(name))
    }

    /// Returns the fields of a column; rows that are shorter have none.
    pub(super) fn fields(&self, column: usize) -> impl Iterator<Item = &Field> {
        self.rows.iter().filter_map(move |row| row.get(column))
    }

    /// Returns the name of a column, or its number, from 1.
    pub(super) fn name(&self, column: usize) -> String {
        self.names.get(column).map_or_else(|| format!("column {}", column + 1), |field| field.text.clone())
    }

    /// Returns the bytes of the names, or of the first row.
    pub(super) fn heading(&self) -> Range<usize> {
        let first = if self.names.is_empty() { self.rows.first() } else { Some(&self.names) };
        let fields = first.map(Vec::as_slice).unwrap_or_default();
        let start = fields.iter().map(|field| field.span.start).min().unwrap_or(0);
        start..fields.iter().map(|field| field.span.end).max().unwrap_or(0)
    }
}

/// Splits a text into numbers and what is between them.
fn numbers_apart(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    chars
        .chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit())
        .map(|part| part.iter().collect())
        .collect()
}
