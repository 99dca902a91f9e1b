//! The recommendation, its reasons, and the program that follows it.

use crate::advice::Recommendation;
use crate::advice::result::CodeExample;
use crate::advice::scaling::FitStatus;
use crate::profile::result::Confidence;
use crate::report::document::{CommandName, Report, WorkloadRuntime};
use crate::report::prose;
use crate::report::prose::together::Together;
use crate::report::table::options::CodeChoice;
use crate::report::table::screen::{Role, Screen};
use crate::strategy::StrategyKind;
use crate::workload::spec::WorkloadSource;

/// Indent of the block's labels, in columns.
const INDENT: usize = 2;

/// Adds the whole block.
pub(super) fn section(screen: &mut Screen, report: &Report) {
    let Some(advice) = &report.recommendation else { return };
    headline(screen, report);
    let work = Together::of(report);
    if let Some(failure) = prose::confidence::tree_failure(advice) {
        screen.labelled(INDENT, "Failed", &failure);
    }
    if advice.confidence != Confidence::High {
        screen.labelled(INDENT, "Doubt", &prose::confidence::reason(advice));
    }
    screen.labelled(INDENT, "Tree", &prose::decision::path(&advice.decision).join(" -> "));
    screen.labelled(INDENT, "Measured", &prose::comparison::sentence(advice));
    screen.labelled(INDENT, "Limit", &prose::limit::sentence(&advice.limit, advice.basis, work));
    screen.labelled(INDENT, "Response", &prose::limit::response(&advice.limit, work));
    if let Some(onset) = &advice.failing_beyond {
        screen.labelled(INDENT, "Failing", &prose::soundness::failing_beyond(onset, work));
    }
    scaling(screen, report);
    if !advice.fallbacks.is_empty() {
        screen.labelled(INDENT, "Fallbacks", &fallbacks(advice));
    }
    let notes = advice.notes.iter().filter(|note| !prose::soundness::is_said_first(note));
    for (i, note) in notes.enumerate() {
        screen.labelled(INDENT, if i == 0 { "Notes" } else { "" }, &prose::notes::sentence(note));
    }
    hint(screen, report);
}

/// Adds the scaling law, or with `verbose` the reason there is none.
fn scaling(screen: &mut Screen, report: &Report) {
    let Some(model) = &report.model else { return };
    let says_something =
        matches!(model.usl.status, FitStatus::Fitted | FitStatus::Saturated | FitStatus::PoorFit);
    if says_something || screen.options().verbose {
        screen.labelled(INDENT, "Scaling", &prose::scaling::sentence(model));
    }
}

/// Adds the recommendation in one line.
pub(super) fn headline(screen: &mut Screen, report: &Report) {
    let Some(advice) = &report.recommendation else { return };
    screen.gap();
    if let Some(wrong) = prose::soundness::wrong_outputs(advice) {
        screen.paragraph(Role::Trouble, &wrong);
    }
    screen.paragraph(Role::Heading, &prose::confidence::headline(advice, Together::of(report)));
}

fn fallbacks(advice: &Recommendation) -> String {
    let each: Vec<_> = advice.fallbacks.iter().map(|f| format!("{} {}", f.strategy, f.width)).collect();
    each.join(", then ")
}

/// Returns the programs of a report.
fn code_examples(report: &Report) -> impl Iterator<Item = &CodeExample> {
    report.recommendation.iter().flat_map(|advice| &advice.code_examples)
}

/// Returns true if the recommended stages have no program, because of limits of whole tasks.
fn lacks_pipeline_program(report: &Report) -> bool {
    let strategy = report.recommendation.as_ref().map(|advice| advice.strategy);
    strategy == Some(StrategyKind::Pipeline)
        && report.command == CommandName::Advise
        && code_examples(report).next().is_none()
}

/// Adds a hint how to ask for a program, if none is shown; or why there is none.
fn hint(screen: &mut Screen, report: &Report) {
    if lacks_pipeline_program(report) {
        screen.labelled(INDENT, "Code", prose::details::NO_PIPELINE_PROGRAM);
        return;
    }
    let offered = code_examples(report).next().is_some();
    if !offered || screen.options().code != CodeChoice::None {
        return;
    }
    let by_name = report.workload.source == WorkloadSource::Sample && report.command == CommandName::Advise;
    let is_native = report.workload.runtime == WorkloadRuntime::Native;
    let has_lines = code_examples(report).any(|example| example.language == "shell");
    let hint = if !is_native {
        "the same command with --code python".to_owned()
    } else if has_lines {
        "the same command with --code shell, rust or python".to_owned()
    } else if by_name {
        format!("conc advise {} --code rust | python", report.workload.name)
    } else {
        "the same command with --code rust or --code python".to_owned()
    };
    screen.labelled(INDENT, "Code", &hint);
}

/// Adds the requested program, and with `verbose` other ways of writing it, all unwrapped: a wrapped program
/// would not compile.
pub(super) fn code(screen: &mut Screen, report: &Report) {
    let language = match screen.options().code {
        CodeChoice::None => return,
        CodeChoice::Rust => "rust",
        CodeChoice::Python => "python",
        CodeChoice::Shell => "shell",
    };
    // Lines for a shell are short enough to be shown side by side.
    let shown = if screen.options().verbose || language == "shell" { usize::MAX } else { 1 };
    let mut examples = code_examples(report).filter(|example| example.language == language).peekable();
    if examples.peek().is_none() && code_examples(report).next().is_some() {
        screen.gap();
        screen.paragraph(Role::Faint, &prose::details::no_program(language));
    }
    for example in examples.take(shown) {
        screen.gap();
        screen.paragraph(Role::Heading, &format!("{}: {}", example.language, example.title));
        screen.gap();
        screen.verbatim(&example.code);
    }
}
