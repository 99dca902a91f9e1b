//! Reads a TOML document key by key, noting every error with its place.
//!
//! A [`Table`] remembers which keys it was asked for. That list is what unknown keys are checked
//! against and what the error names, so it cannot disagree with what is read.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use toml::de::{DeTable, DeValue};

use crate::diagnostics::Code;
use crate::workload::input::input_error::{InputError, InputErrors, SourceSpan};
use crate::workload::input::suggest::{closest, hint};
use crate::workload::input::value::{Value, ValueError, described};

/// Stands for an error that is reported already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reported(());

/// Parses `text` and reads it with `read`; `file` is what errors call it.
pub(super) fn read_document<T>(
    file: &str,
    text: &str,
    read: impl FnOnce(&mut Table<'_>) -> Result<T, Reported>,
) -> Result<T, InputErrors> {
    let notes = Notes { file: file.into(), text: text.into(), errors: RefCell::default() };
    let value = match DeTable::parse(text) {
        Ok(entries) => Table::new(&notes, entries.get_ref(), 0..0, "a workload".to_owned()).read(read),
        Err(error) => {
            let span = error.span().unwrap_or(0..0);
            Err(notes.report(span, Code::WorkloadSyntax, error.message().to_owned(), None))
        }
    };
    match InputErrors::collect(notes.errors.into_inner()) {
        Some(errors) => Err(errors),
        None => Ok(value.expect("whatever fails is reported")),
    }
}

/// The errors found so far, and the text they are found in.
struct Notes {
    file: Arc<str>,
    text: Arc<str>,
    errors: RefCell<Vec<InputError>>,
}

impl Notes {
    fn report(&self, span: Range<usize>, code: Code, message: String, help: Option<String>) -> Reported {
        let place = Some(SourceSpan::new(self.file.clone(), self.text.clone(), span));
        self.errors.borrow_mut().push(InputError { code, message, place, help });
        Reported(())
    }
}

/// A key that is needed and not there.
struct Missing {
    key: &'static str,
    code: Code,
    message: String,
    help: Option<String>,
}

/// A table being read.
pub(super) struct Table<'d> {
    notes: &'d Notes,
    entries: &'d DeTable<'d>,
    span: Range<usize>,
    name: String,
    asked: Vec<&'static str>,
    missing: Vec<Missing>,
    ignores_rest: bool,
}

impl<'d> Table<'d> {
    fn new(notes: &'d Notes, entries: &'d DeTable<'d>, span: Range<usize>, name: String) -> Self {
        Table { notes, entries, span, name, asked: Vec::new(), missing: Vec::new(), ignores_rest: false }
    }

    /// Reads the whole table with `read`, then reports the keys that are missing and those unknown.
    pub(super) fn read<T>(
        mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Reported>,
    ) -> Result<T, Reported> {
        let value = read(&mut self);
        let misspelt = if self.ignores_rest { Vec::new() } else { self.report_unknown() };
        for missing in self.missing {
            // A misspelt key is reported once, as unknown and not as missing too.
            if !misspelt.contains(&missing.key) {
                self.notes.report(self.span.clone(), missing.code, missing.message, missing.help);
            }
        }
        value
    }

    /// Sets the name of the table in error messages.
    pub(super) fn rename(&mut self, name: String) {
        self.name = name;
    }

    /// Gives up on the table: which keys it may have is not known.
    pub(super) fn ignore_rest(&mut self) {
        self.ignores_rest = true;
    }

    /// Returns true if the table has the key.
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.entry(key).is_some()
    }

    /// Returns true if the table has the key and its value is a table.
    pub(super) fn has_table(&mut self, key: &'static str) -> bool {
        self.entry(key).is_some_and(|value| value.get_ref().is_table())
    }

    /// Returns the value of `key`, if there is one.
    pub(super) fn optional<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'d Value<'d>) -> Result<T, ValueError>,
    ) -> Result<Option<T>, Reported> {
        let Some(value) = self.entry(key) else { return Ok(None) };
        read(value).map(Some).map_err(|wrong| self.wrong(key, value, wrong))
    }

    /// Returns the value of `key`, which the table must have.
    pub(super) fn required<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'d Value<'d>) -> Result<T, ValueError>,
    ) -> Result<T, Reported> {
        match self.optional(key, read)? {
            Some(value) => Ok(value),
            None => {
                let message = format!("`{key}` is missing in {}", self.name);
                Err(self.missing(key, Code::WorkloadValue, message, None))
            }
        }
    }

    /// Returns the table under `key`, if there is one.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Table<'d>>, Reported> {
        let found = self.optional(key, |value| match value.get_ref() {
            DeValue::Table(entries) => Ok((entries, value.span())),
            other => Err(ValueError::new(format!("must be a table, not {}", described(other)))
                .with_help(format!("write it as [{key}]"))),
        })?;
        Ok(found.map(|(entries, span)| Table::new(self.notes, entries, span, format!("[{key}]"))))
    }

    /// Returns the tables under `key`, written as `[[key]]`; none if there is no such key.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Table<'d>>, Reported> {
        let found = self.optional(key, |value| {
            let DeValue::Array(array) = value.get_ref() else {
                return Err(not_tables(key, value));
            };
            array
                .iter()
                .map(|element| match element.get_ref() {
                    DeValue::Table(entries) => Ok((entries, element.span())),
                    _ => Err(not_tables(key, element)),
                })
                .collect::<Result<Vec<_>, _>>()
        })?;
        let tables = found.unwrap_or_default().into_iter().enumerate();
        Ok(tables
            .map(|(i, (entries, span))| Table::new(self.notes, entries, span, format!("{key} {}", i + 1)))
            .collect())
    }

    /// Reports an error at the value of `key`, or at the table if it has no such key.
    pub(super) fn fail(&mut self, key: &'static str, wrong: ValueError) -> Reported {
        match self.entry(key) {
            Some(value) => self.wrong(key, value, wrong),
            None => self.notes.report(self.span.clone(), wrong.code, wrong.message, wrong.help),
        }
    }

    /// Notes that `key` is needed; it is reported when the table has been read, unless it is misspelt.
    pub(super) fn missing(
        &mut self,
        key: &'static str,
        code: Code,
        message: String,
        help: Option<String>,
    ) -> Reported {
        self.missing.push(Missing { key, code, message, help });
        Reported(())
    }

    fn entry(&mut self, key: &'static str) -> Option<&'d Value<'d>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.entries.get(key)
    }

    fn wrong(&self, key: &str, value: &Value<'_>, wrong: ValueError) -> Reported {
        let span = wrong.span.unwrap_or_else(|| value.span());
        self.notes.report(span, wrong.code, format!("`{key}` {}", wrong.message), wrong.help)
    }

    /// Reports every key that was not asked for, and gives the keys that were probably meant.
    fn report_unknown(&self) -> Vec<&'static str> {
        let mut meant = Vec::new();
        for key in self.entries.keys() {
            let word = key.get_ref().as_ref();
            if !self.asked.contains(&word) {
                let message = format!("unknown key `{word}` in {}", self.name);
                let help = hint(word, "the keys here are", &self.asked);
                self.notes.report(key.span(), Code::WorkloadKey, message, Some(help));
                meant.extend(closest(word, self.asked.iter().copied()));
            }
        }
        meant
    }
}

fn not_tables(key: &str, value: &Value<'_>) -> ValueError {
    ValueError::new(format!("must be a list of tables, not {}", described(value.get_ref())))
        .with_help(format!("write [[{key}]] above each, with two brackets"))
        .at(value.span())
}
