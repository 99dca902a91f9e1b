//! The answer to a call: the document of its command, and the same for people.

use std::time::Duration;

use rmcp::model::{CallToolResult, ContentBlock};
use serde::Deserialize;
use serde_json::Value;

use crate::error::ExitStatus;
use crate::explain::{PageLayout, rows_page};
use crate::mcp::child::{Finished, NoResult};
use crate::mcp::words;
use crate::report::document::{CommandName, Document, Report};
use crate::report::table::{self, CodeChoice, Glyphs, TableOptions};
use crate::units::Seconds;

/// The look of the text: as wide as the output of the commands where it is no terminal.
const LOOK: TableOptions = TableOptions { width: 100, colour: false, verbose: false, code: CodeChoice::None };

/// The layout of pages of `explain`: as wide as the rest.
const PAGE: PageLayout = PageLayout { width: 100, is_styled: false };

/// Returns the answer to a call whose command has ended: the document and the screen of the command, or what
/// it said of its failure.
pub(super) fn of_command(finished: Finished) -> CallToolResult {
    let document: Option<Value> = serde_json::from_str(&finished.stdout).ok().filter(Value::is_object);
    // `check` reports faults by its exit status, and a document.
    let has_result = finished.status.success()
        || document.as_ref().is_some_and(|document| document["command"] == "check")
            && finished.status.code() == Some(i32::from(ExitStatus::Failed.number()));
    if !has_result {
        let near = document.as_ref().and_then(words::of_explain);
        let mut answer = refusal(near.unwrap_or_else(|| said(&finished)));
        answer.structured_content = document;
        return answer;
    }
    let text = document.as_ref().and_then(screen).unwrap_or(finished.stdout);
    let mut answer = CallToolResult::success(vec![ContentBlock::text(text)]);
    answer.structured_content = document;
    answer
}

/// Returns the answer to a call that has no result.
pub(super) fn without_result(reason: &NoResult) -> CallToolResult {
    refusal(match reason {
        NoResult::Stopped => "cancelled: nothing of the call runs any more".to_owned(),
        NoResult::TooLong(limit) => too_long(*limit),
        NoResult::Io(error) => format!("the command cannot be run: {error}"),
    })
}

/// Returns the answer to a call that is not carried out, or failed.
pub(super) fn refusal(message: String) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(message)])
}

fn too_long(limit: Duration) -> String {
    let limit = Seconds::from(limit);
    format!("the call was ended after {limit}; give it less work, such as fewer `tasks` or `items`")
}

/// Returns what a command said of its failure.
fn said(finished: &Finished) -> String {
    let text = finished.stderr.trim();
    match finished.status.code() {
        Some(code) if text.is_empty() => format!("the command ended with exit code {code} and said nothing"),
        None => format!("the command was killed ({}). {text}", finished.status),
        Some(_) => text.to_owned(),
    }
}

/// Returns what the command shows to people.
fn screen(document: &Value) -> Option<String> {
    let Ok(document) = Document::deserialize(document) else { return words::of_explain(document) };
    Some(match document {
        Document::Check(report) => table::render_check(&report, &LOOK),
        Document::Single(report) => of_report(&report),
        Document::FitResults(results) => table::render_fit(&results.results, &LOOK, Glyphs::Unicode),
        Document::Fit(report) => table::render_fit(&[*report], &LOOK, Glyphs::Unicode),
        Document::Evidence(report) => rows_page(report.table, &report.rows, PAGE),
        Document::Run(_) => return None,
        Document::Bench(report) => table::render_bench(&report, &LOOK),
    })
}

fn of_report(report: &Report) -> String {
    let screen = match report.command {
        CommandName::Profile => table::render_profile(report, &LOOK),
        _ => table::render_advise(report, &LOOK),
    };
    let warnings = table::render_warnings(std::slice::from_ref(report), &LOOK);
    if warnings.is_empty() { screen } else { format!("{screen}\n{warnings}") }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;
    use crate::report::example;
    use crate::report::worded::to_value;

    fn finished(wait_status: i32, stdout: &str, stderr: &str) -> Finished {
        let status = std::process::ExitStatus::from_raw(wait_status);
        Finished { status, stdout: stdout.to_owned(), stderr: stderr.to_owned() }
    }

    fn text(answer: &CallToolResult) -> &str {
        answer.content[0].as_text().map(|text| text.text.as_str()).expect("text")
    }

    #[test]
    fn a_document_is_answered_with_its_screen() {
        let document = to_value(&example::advise()).expect("JSON");
        let answer = of_command(finished(0, &document.to_string(), ""));
        assert_eq!(answer.is_error, Some(false));
        assert_eq!(answer.structured_content.as_ref(), Some(&document));
        assert!(text(&answer).contains("Recommendation"), "{}", text(&answer));
    }

    #[test]
    fn a_page_is_answered_as_it_is() {
        let answer = of_command(finished(0, "Topics\n", ""));
        assert_eq!((text(&answer), &answer.structured_content), ("Topics\n", &None));
    }

    #[test]
    fn a_failure_says_what_the_command_said() {
        let refused = of_command(finished(2 << 8, "", "error: 'x' is not a sample\n"));
        assert_eq!((refused.is_error, text(&refused)), (Some(true), "error: 'x' is not a sample"));
        let killed = of_command(finished(9, "", ""));
        assert!(text(&killed).contains("killed"), "{}", text(&killed));
        let silent = of_command(finished(1 << 8, "", ""));
        assert!(text(&silent).contains("exit code 1"), "{}", text(&silent));
    }
}
