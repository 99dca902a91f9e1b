//! The result of a check as SARIF 2.1.0, which editors and code scanning read.
//!
//! The format: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0".

use std::io;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::advice::check_result::{CheckFinding, CheckResult, Fault};
use crate::diagnostics::Code;
use crate::python::check::SourceLine;
use crate::report::check::CheckReport;
use crate::report::json::escape_controls;
use crate::report::prose::checklist::fault;

/// The schema that the document follows.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// The directory that relative addresses start from, by the name that code scanning knows.
const ROOT: &str = "%SRCROOT%";

/// Bytes of a path that stay as they are in an address, apart from letters and digits.
const PLAIN: &[u8] = b"-._~/";

/// Returns the findings of a check as a SARIF document.
///
/// # Errors
/// When the document cannot be written as JSON.
pub(crate) fn render_sarif(report: &CheckReport) -> io::Result<String> {
    let mut text = escape_controls(&serde_json::to_string_pretty(&document(report))?).into_owned();
    text.push('\n');
    Ok(text)
}

fn document(report: &CheckReport) -> Value {
    let rules = rules(report);
    let results: Vec<Value> = report
        .checks
        .iter()
        .flat_map(|check| check.findings.iter().map(|found| result(report, check, found, &rules)))
        .collect();
    let described: Vec<Value> = rules.iter().map(|code| rule(*code)).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "conc",
                "version": report.conc_version,
                "semanticVersion": report.conc_version,
                "rules": described,
            } },
            "invocations": [{
                "executionSuccessful": true,
                "exitCode": i32::from(report.failed() > 0),
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// Returns the codes of all findings, each once, in the order of the catalogue.
fn rules(report: &CheckReport) -> Vec<Code> {
    let found = |code: &&Code| {
        report.checks.iter().flat_map(|check| &check.findings).any(|finding| finding.code == **code)
    };
    Code::ALL.iter().filter(found).copied().collect()
}

fn rule(code: Code) -> Value {
    let entry = code.entry();
    let markdown = format!("{}\n\n**Remedy**: {}", entry.cause, entry.remedy);
    json!({
        "id": code.as_str(),
        "name": entry.title,
        "shortDescription": { "text": entry.title },
        "fullDescription": { "text": entry.cause },
        "help": { "text": format!("{}\nRemedy: {}", entry.cause, entry.remedy), "markdown": markdown },
        "defaultConfiguration": { "level": level(code) },
    })
}

/// Returns the level of a code: a fault that costs only speed is a warning.
fn level(code: Code) -> &'static str {
    match code {
        Code::PythonGil | Code::AsyncBlocked => "warning",
        _ => "error",
    }
}

fn result(report: &CheckReport, check: &CheckResult, finding: &CheckFinding, rules: &[Code]) -> Value {
    let mut result = Map::new();
    let mut set = |name: &str, value: Value| _ = result.insert(name.to_owned(), value);
    set("ruleId", finding.code.as_str().into());
    set("ruleIndex", rules.iter().position(|code| *code == finding.code).into());
    set("kind", "fail".into());
    set("level", level(finding.code).into());
    set("message", json!({ "text": message(finding) }));
    set("locations", json!([location(finding.place.as_ref(), report)]));
    let related = related(check, finding);
    if !related.is_empty() {
        set("relatedLocations", related.into());
    }
    set("occurrenceCount", finding.count.max(1).into());
    set("partialFingerprints", json!({ "concFinding/v1": fingerprint(finding) }));
    Value::Object(result)
}

/// Returns the finding in words, with the item at which it was seen.
fn message(finding: &CheckFinding) -> String {
    let item = finding.item.as_ref().map(|item| format!(" (item {item})")).unwrap_or_default();
    format!("{}{item}", fault(finding))
}

/// Returns the place of a finding; that of the callable's file if no line is known.
fn location(place: Option<&SourceLine>, report: &CheckReport) -> Value {
    let Some(place) = place else {
        let file = report.workload.name.rsplit_once(':').map_or("", |(file, _)| file);
        return json!({ "physicalLocation": { "artifactLocation": artifact(file) } });
    };
    let mut region = Map::from_iter([("startLine".to_owned(), Value::from(place.line.max(1)))]);
    if let Some(source) = &place.source {
        region.insert("snippet".to_owned(), json!({ "text": source }));
    }
    let physical = json!({ "artifactLocation": artifact(&place.file), "region": region });
    match &place.function {
        None => json!({ "physicalLocation": physical }),
        Some(name) => {
            json!({ "physicalLocation": physical, "logicalLocations": [{ "name": name, "kind": "function" }] })
        }
    }
}

/// Returns the lines at which others wait in the same deadlock.
fn related(check: &CheckResult, finding: &CheckFinding) -> Vec<Value> {
    if !matches!(finding.fault, Fault::Deadlock { .. }) {
        return Vec::new();
    }
    let others = check.findings.iter().filter(|other| *other != finding);
    let waits = others.filter_map(|other| match (&other.fault, &other.place) {
        (Fault::Deadlock { who }, Some(place)) => Some((who, place)),
        _ => None,
    });
    let place = |(id, (who, place)): (usize, (&String, &SourceLine))| {
        json!({
            "id": id,
            "message": { "text": format!("{who} waits here") },
            "physicalLocation": {
                "artifactLocation": artifact(&place.file),
                "region": { "startLine": place.line.max(1) },
            },
        })
    };
    waits.enumerate().map(place).collect()
}

/// Returns the address of a file: relative where the file is below the working directory.
fn artifact(file: &str) -> Value {
    let uri: String = file.bytes().map(escaped).collect();
    if Path::new(file).is_absolute() {
        json!({ "uri": format!("file://{uri}") })
    } else {
        json!({ "uri": uri, "uriBaseId": ROOT })
    }
}

fn escaped(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || PLAIN.contains(&byte) {
        char::from(byte).to_string()
    } else {
        format!("%{byte:02X}")
    }
}

/// Returns what stays the same if lines are added above the place of a finding.
fn fingerprint(finding: &CheckFinding) -> String {
    let place = finding.place.as_ref();
    let part = |part: Option<&str>| part.unwrap_or_default().to_owned();
    let file = part(place.map(|place| place.file.as_str()));
    let function = part(place.and_then(|place| place.function.as_deref()));
    let source = part(place.and_then(|place| place.source.as_deref()));
    let text = [finding.code.as_str(), &file, &function, &source].join("\n");
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_relative_and_escaped() {
        assert_eq!(artifact("pkg/my tasks.py"), json!({ "uri": "pkg/my%20tasks.py", "uriBaseId": ROOT }));
        assert_eq!(artifact("/tmp/ü.py"), json!({ "uri": "file:///tmp/%C3%BC.py" }));
    }

    #[test]
    fn what_only_costs_speed_is_a_warning() {
        assert_eq!((level(Code::PythonGil), level(Code::AsyncDeadlock)), ("warning", "error"));
    }
}
