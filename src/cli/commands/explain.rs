//! `conc explain`: topics, strategies and codes, and the rows of measured tables.

use crate::error::ExitStatus;
use crate::evidence::MeasuredTable;
use crate::explain;
use crate::explain::topic::Topic;
use crate::report::evidence::EvidenceReport;
use crate::report::format::render_json;
use crate::workload::input::closest;

use crate::cli::args::ExplainArgs;
use crate::cli::failure::Failure;
use crate::cli::settings::Environment;

/// Runs the command; without a topic it lists the topics.
pub(super) fn run(args: &ExplainArgs, environment: &Environment) -> Result<ExitStatus, Failure> {
    let layout = environment.page();
    let page = match &args.topic {
        None if args.json => return Err(no_rows()),
        None => explain::index(layout),
        Some(topic) if args.json || !args.words.is_empty() => rows(topic, args, environment)?,
        Some(topic) => explain::page(topic, layout).ok_or_else(|| unknown(topic))?,
    };
    environment.console.print(&page)?;
    Ok(ExitStatus::Done)
}

/// Returns the rows of a measured table that have the words.
fn rows(topic: &str, args: &ExplainArgs, environment: &Environment) -> Result<String, Failure> {
    let table = Topic::find(topic).and_then(|topic| MeasuredTable::find(topic.name));
    let Some(table) = table else {
        return Err(if explain::page(topic, environment.page()).is_some() {
            no_rows()
        } else {
            unknown(topic)
        });
    };
    let rows = table.rows_with(&args.words);
    if rows.is_empty() {
        return Err(nothing_found(table, &args.words));
    }
    if args.json {
        let report = EvidenceReport::new(table, args.words.clone(), rows);
        return render_json(&report).map_err(Failure::io("cannot print"));
    }
    Ok(explain::rows_page(table, &rows, environment.page()))
}

fn no_rows() -> Failure {
    let tables = MeasuredTable::ALL.map(MeasuredTable::name).join(", ");
    Failure::Usage(format!("words after a topic and --json are for the measured tables: {tables}"))
}

fn nothing_found(table: MeasuredTable, words: &[String]) -> Failure {
    let (name, subjects) = (table.name(), table.subjects());
    let near = words.iter().find_map(|word| closest(word, subjects.iter().map(String::as_str)));
    let hint = near
        .map_or_else(|| format!("`conc explain {name}` shows all"), |near| format!("did you mean '{near}'?"));
    Failure::Usage(format!("no row of the table '{name}' has '{}'; {hint}", words.join("' and '")))
}

fn unknown(topic: &str) -> Failure {
    let hint = match &explain::suggestions(topic)[..] {
        [] => "`conc explain` lists the topics".to_owned(),
        near => format!("did you mean '{}'?", near.join("', '")),
    };
    Failure::Usage(format!("'{topic}' is not a topic, a strategy or an error code; {hint}"))
}
