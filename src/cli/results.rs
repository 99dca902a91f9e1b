//! Results that an earlier run has written, read to be compared with.

use std::fs;
use std::path::Path;

use crate::diagnostics::Code;
use crate::report::document::{BenchReport, Document, SCHEMA_VERSION};
use crate::workload::input::{InputError, InputErrors, Place};
use serde_json::Value;

/// Reads the results of `bench` or `advise`.
///
/// # Errors
/// `E-GATE-001` with the place, for a file that is cut off, or is something else, or was written by a
/// newer version.
pub(crate) fn read(path: &Path) -> Result<BenchReport, InputErrors> {
    let name = path.display().to_string();
    let wrong = |message: String| InputError::new(Code::GateResults, message);
    let bytes = fs::read(path).map_err(|error| wrong(format!("'{name}' cannot be read: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|_| wrong(format!("'{name}' is not UTF-8")))?;
    let value: Value = serde_json::from_str(&text).map_err(|error| syntax(&name, &text, &error))?;
    check_version(&name, &value)?;
    let document = serde_json::from_value(value).map_err(|_| foreign(&name))?;
    let results = match document {
        Document::Bench(bench) => *bench,
        Document::Single(report) if !report.cells.is_empty() => {
            BenchReport::new(report.host.clone(), vec![*report])
        }
        _ => return Err(foreign(&name).into()),
    };
    if results.results.is_empty() {
        return Err(wrong(format!("'{name}' has no results")).into());
    }
    Ok(results)
}

fn syntax(name: &str, text: &str, error: &serde_json::Error) -> InputError {
    let (place, reason) = Place::of_json_error(name.into(), text.into(), error);
    let what = if error.is_eof() { "the file is cut off" } else { "the file is not valid JSON" };
    InputError {
        place: Some(place),
        help: Some("write it again with --save-baseline or --export-json".to_owned()),
        ..InputError::new(Code::GateResults, format!("{what}: {reason}"))
    }
}

fn foreign(name: &str) -> InputError {
    InputError::new(Code::GateResults, format!("'{name}' is JSON, but not a result of conc bench"))
        .with_help("write one with --save-baseline or --export-json")
}

/// A shape that this version does not know is not guessed at.
fn check_version(name: &str, value: &Value) -> Result<(), InputError> {
    match value.get("schema_version").and_then(Value::as_u64) {
        None => Err(foreign(name)),
        Some(version) if version > u64::from(SCHEMA_VERSION) => {
            let message = format!(
                "'{name}' was written by a newer version: its schema is {version}, and this conc knows {SCHEMA_VERSION}"
            );
            Err(InputError::new(Code::GateResults, message).with_help("update conc, or write the file again"))
        }
        Some(_) => Ok(()),
    }
}
