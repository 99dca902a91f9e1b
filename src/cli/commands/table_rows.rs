//! The rows of a measured table, for `conc explain gil lxml`.

use crate::error::ExitStatus;
use crate::evidence::MeasuredTable;
use crate::explain::rows_page;
use crate::explain::topic::Topic;
use crate::report::evidence::EvidenceReport;
use crate::report::format::render_json;
use crate::workload::input::closest;

use crate::cli::args::ExplainArgs;
use crate::cli::failure::Failure;
use crate::cli::pager;
use crate::cli::settings::Environment;

/// Words behind the name of a table from which they may be a question about its subject.
const MIN_QUESTION_WORDS: usize = 2;

/// Shows the rows that the arguments ask for; `None` if they ask for something else.
pub(super) fn show(args: &ExplainArgs, environment: &Environment) -> Option<Result<ExitStatus, Failure>> {
    let (name, words) = args.words.split_first()?;
    let table = MeasuredTable::find(Topic::find(name)?.name)?;
    if words.is_empty() && !args.json {
        return None;
    }
    let rows = table.rows_with(words);
    if rows.is_empty() {
        let is_question = words.len() >= MIN_QUESTION_WORDS;
        return (!is_question).then(|| Err(nothing_found(table, words)));
    }
    let shown = if args.json {
        let report = EvidenceReport::new(table, words.to_vec(), rows);
        let text = render_json(&report).map_err(Failure::io("cannot print"));
        text.and_then(|text| environment.console.print(&text))
    } else {
        pager::show(&rows_page(table, &rows, environment.page()), environment.console)
    };
    Some(shown.map(|()| ExitStatus::Done))
}

fn nothing_found(table: MeasuredTable, words: &[String]) -> Failure {
    let (name, subjects) = (table.name(), table.subjects());
    let near = words.iter().find_map(|word| closest(word, subjects.iter().map(String::as_str)));
    let hint = near
        .map_or_else(|| format!("`conc explain {name}` shows all"), |near| format!("did you mean '{near}'?"));
    Failure::Usage(format!("no row of the table '{name}' has '{}'; {hint}", words.join("' and '")))
}
