//! Reads documents that an earlier run wrote.

use std::cmp::Ordering;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny};
use serde_json::Value;
use serde_path_to_error::Track;

use crate::diagnostics::Code;
use crate::host::bounded_read::read_file_at_most;
use crate::report::command::{CommandName, SCHEMA_VERSION};
use crate::report::document::{BenchReport, Document};
use crate::workload::input::{InputError, InputErrors, SourceSpan};

/// Longest file of results, in bytes: far more than any suite writes.
const MAX_RESULTS_BYTES: u64 = 1 << 30;

/// Advice at the end of every message about a file that cannot be used.
const REWRITE: &str = "write it again with --save-baseline or --export-json";

/// The fields that decide the shape of a document.
#[derive(Debug, Deserialize)]
struct Header {
    schema_version: u64,
    command: CommandName,
    results: Option<IgnoredAny>,
}

impl Header {
    /// Reads a document of the command's shape.
    fn read<'de, D: Deserializer<'de>>(&self, document: D) -> Result<Document, D::Error> {
        match self.command {
            CommandName::Bench | CommandName::Compare => Box::deserialize(document).map(Document::Bench),
            CommandName::Advise | CommandName::Profile => Box::deserialize(document).map(Document::Single),
            CommandName::Check => Box::deserialize(document).map(Document::Check),
            CommandName::Run => Box::deserialize(document).map(Document::Run),
            CommandName::Fit if self.results.is_some() => {
                Box::deserialize(document).map(Document::FitResults)
            }
            CommandName::Fit => Box::deserialize(document).map(Document::Fit),
            CommandName::Explain => Box::deserialize(document).map(Document::Evidence),
        }
    }
}

impl<'de> Deserialize<'de> for Document {
    /// Reads the shape that the field `command` names, so that errors are about that shape.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let header = Header::deserialize(&value).map_err(D::Error::custom)?;
        header.read(value).map_err(D::Error::custom)
    }
}

/// Reads the results of `bench`, `compare` or `advise`.
///
/// # Errors
/// `E-GATE-001` if the file cannot be read, is cut off, is something else, or was written by a newer
/// version; the message names a wrong field with its line.
pub(crate) fn load_results(path: &Path) -> Result<BenchReport, InputErrors> {
    let name = path.display().to_string();
    let bytes = read_file_at_most(path, MAX_RESULTS_BYTES)
        .map_err(|error| wrong(format!("cannot read '{name}': {error}")))?;
    read_results(&name, bytes)
}

/// Reads the contents of a file of results.
///
/// # Errors
/// Any error of [`load_results`] about what is in the file.
pub(crate) fn read_results(name: &str, bytes: Vec<u8>) -> Result<BenchReport, InputErrors> {
    let text = String::from_utf8(bytes).map_err(|_| wrong(format!("'{name}' is not UTF-8")))?;
    let results = match parse(name, &text)? {
        Document::Bench(bench) => *bench,
        Document::Single(report) if !report.cells.is_empty() || report.flag.is_some() => {
            BenchReport::new(report.host.clone(), vec![*report])
        }
        _ => return Err(foreign(name, "it has no measurements").into()),
    };
    if results.results.is_empty() {
        return Err(wrong(format!("'{name}' has no results")).into());
    }
    Ok(results)
}

fn wrong(message: String) -> InputError {
    InputError::new(Code::GateResults, message)
}

fn parse(name: &str, text: &str) -> Result<Document, InputError> {
    // The syntax is checked first: a file that is cut off has no header either.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| syntax(name, text, &error))?;
    let header: Header = serde_json::from_str(text)
        .map_err(|error| foreign(name, SourceSpan::reason_of_json_error(&error)))?;
    check_version(name, header.schema_version)?;
    let (mut json, mut track) = (serde_json::Deserializer::from_str(text), Track::new());
    header
        .read(serde_path_to_error::Deserializer::new(&mut json, &mut track))
        .map_err(|error| wrong_field(name, text, &track.path().to_string(), &error))
}

fn at(name: &str, text: &str, error: &serde_json::Error, message: String) -> InputError {
    let place = SourceSpan::of_json_error(Arc::from(name), Arc::from(text), error);
    InputError { place: Some(place), ..InputError::new(Code::GateResults, message) }
}

fn syntax(name: &str, text: &str, error: &serde_json::Error) -> InputError {
    let what = if error.is_eof() { "the file is cut off" } else { "the file is not valid JSON" };
    let message = format!("{what}: {}", SourceSpan::reason_of_json_error(error));
    at(name, text, error, message).with_help(REWRITE)
}

fn wrong_field(name: &str, text: &str, path: &str, error: &serde_json::Error) -> InputError {
    let message = format!("the field '{path}' is wrong: {}", SourceSpan::reason_of_json_error(error));
    at(name, text, error, message).with_help(REWRITE)
}

fn foreign(name: &str, reason: impl std::fmt::Display) -> InputError {
    let message = format!("'{name}' is JSON, but not a result of conc bench: {reason}");
    InputError::new(Code::GateResults, message).with_help("write one with --save-baseline or --export-json")
}

/// Refuses a newer shape instead of guessing its meaning.
fn check_version(name: &str, version: u64) -> Result<(), InputError> {
    let known = u64::from(SCHEMA_VERSION);
    let (age, help) = match version.cmp(&known) {
        Ordering::Equal => return Ok(()),
        Ordering::Less => ("an older", "write the file again with this conc"),
        Ordering::Greater => ("a newer", "update conc, or write the file again"),
    };
    let message = format!(
        "'{name}' was written by {age} version: its schema is {version}, and this conc reads {known}"
    );
    Err(InputError::new(Code::GateResults, message).with_help(help))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::example;

    fn refused(text: &str) -> String {
        parse("b.json", text).expect_err("not a result").to_string()
    }

    #[test]
    fn a_wrong_field_is_named_with_its_line() {
        let mut value = serde_json::to_value(example::bench()).expect("serialisable");
        value["results"][0]["workload"]["tasks"] = "many".into();
        let text = serde_json::to_string_pretty(&value).expect("serialisable");
        let line = text.lines().position(|line| line.contains("\"many\"")).expect("a line") + 1;
        let message = refused(&text);
        assert!(message.starts_with(&format!("b.json:{line}:")), "{message}");
        assert!(
            message.contains("the field 'results[0].workload.tasks' is wrong: invalid type: string"),
            "{message}"
        );
    }

    #[test]
    fn a_missing_field_and_a_foreign_document_are_told() {
        let mut value = serde_json::to_value(example::bench()).expect("serialisable");
        value["host"].as_object_mut().expect("a host").remove("os");
        let message = refused(&value.to_string());
        assert!(message.contains("the field 'host' is wrong: missing field `os`"), "{message}");
        assert!(refused("{\"benchmarks\": []}").contains("not a result of conc bench: missing field"));
        assert!(refused("{\"schema_version\": 1, \"comm").contains("the file is cut off"));
    }
}
