//! `conc explain`: topics, strategies, codes, questions and error messages.

use crate::error::ExitStatus;
use crate::explain::answer::AnswerKind;
use crate::explain::{self, Answer, Question};
use crate::report::json::escape_controls;
use crate::report::table;
use crate::report::worded;

use crate::cli::args::ExplainArgs;
use crate::cli::commands::advise::{Advised, advise};
use crate::cli::commands::table_rows;
use crate::cli::failure::Failure;
use crate::cli::machine::TargetMachine;
use crate::cli::pager;
use crate::cli::settings::{Environment, ExplainSettings, MeasuredQuestion};

/// Runs the command; without anything to explain it lists the topics.
pub(super) fn run(
    args: &ExplainArgs,
    machine: &TargetMachine,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    if let Some(shown) = table_rows::show(args, environment) {
        return shown;
    }
    let settings = ExplainSettings::resolve(args, environment)?;
    let Some(question) = &settings.question else {
        return show(&explain::index(environment.page()), environment);
    };
    match &settings.measured {
        Some(measured) => with_figures(question, measured, &settings, machine, environment),
        None => in_words(question, &settings, environment),
    }
}

/// Explains without running anything.
fn in_words(
    question: &Question,
    settings: &ExplainSettings,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    let answer = Answer::to(question);
    if settings.is_json {
        print_json(&answer, environment)?;
        let is_answered = answer.kind != AnswerKind::None;
        return Ok(if is_answered { ExitStatus::Done } else { ExitStatus::Usage });
    }
    // A name has its page, whatever else it may mean.
    let page = explain::page(&question.text, environment.page()).or_else(|| answer.page(environment.page()));
    show(&page.ok_or_else(|| unanswered(question, &answer))?, environment)
}

/// Explains with the figures of a workload.
fn with_figures(
    question: &Question,
    measured: &MeasuredQuestion,
    settings: &ExplainSettings,
    machine: &TargetMachine,
    environment: &Environment,
) -> Result<ExitStatus, Failure> {
    let Advised { report, output, status } = advise(&measured.advise, machine, environment)?;
    let answer = Answer::to(question);
    if settings.is_json {
        let document =
            worded::to_value(&report).map_err(|error| Failure::io("cannot print")(error.into()))?;
        let answer = answer.with_report(&measured.workload, document, measured.is_of_topic);
        print_json(&answer, environment)?;
        return status;
    }
    let figures = table::render_advise(&report, &output.table);
    let page = if measured.is_of_topic {
        let page = explain::page(&question.text, environment.page()).unwrap_or_default();
        format!("{page}\n{}\n\n{figures}", environment.page().heading("Measured here"))
    } else {
        let near = answer.see_also(environment.page());
        format!("{figures}{near}")
    };
    show(&page, environment)?;
    output.console.warn(&table::render_warnings(&[report], &output.table));
    status
}

fn show(page: &str, environment: &Environment) -> Result<ExitStatus, Failure> {
    pager::show(page, environment.console)?;
    Ok(ExitStatus::Done)
}

fn print_json(answer: &Answer, environment: &Environment) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(answer).map_err(|error| Failure::io("cannot print")(error.into()))?;
    environment.console.print(&(escape_controls(&text).into_owned() + "\n"))
}

/// Says that nothing answers, and what is near.
fn unanswered(question: &Question, answer: &Answer) -> Failure {
    let text = question.text.trim();
    let is_name = !text.contains(char::is_whitespace);
    let named = explain::suggestions(text).into_iter().filter(|_| is_name);
    let mut near: Vec<_> = named.collect();
    near.extend(
        answer.topics.iter().map(|topic| topic.name).filter(|name| !near.contains(name)).collect::<Vec<_>>(),
    );
    let quoted: String = text.lines().next().unwrap_or_default().chars().take(MAX_QUOTED).collect();
    Failure::Usage(match (is_name, &near[..]) {
        (true, []) => {
            format!("'{quoted}' is not a topic, a strategy or an error code; `conc explain` lists the topics")
        }
        (true, near) => format!(
            "'{quoted}' is not a topic, a strategy or an error code; did you mean '{}'?",
            near.join("', '")
        ),
        (false, []) => format!("no topic answers '{quoted}'; `conc explain` lists the topics"),
        (false, near) => format!("no topic answers '{quoted}'; near it are '{}'", near.join("', '")),
    })
}

/// Maximum number of letters of a question that a message repeats.
const MAX_QUOTED: usize = 100;
