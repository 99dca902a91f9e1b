//! The explanation of an error message, as data and as a page.

use serde::Serialize;

use crate::advice::result::CodeExample;
use crate::diagnostics::Code;
use crate::explain::errors::known::{KnownError, find};
use crate::explain::errors::pasted::{PastedLine, Place, read, users_place};
use crate::explain::programs::fix;
use crate::explain::render::PageLayout;

/// The explanation of an error message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub(crate) struct Explanation {
    /// The code.
    pub code: Code,
    /// The meaning of the code, in a few words.
    pub title: &'static str,
    /// The line that was recognised.
    pub message: String,
    /// The name of what is known about it; null if only its kind is known.
    pub known_as: Option<&'static str>,
    /// The innermost line of the user's own code; null if the text names none.
    pub place: Option<Place>,
    /// The cause.
    pub cause: String,
    /// The remedy.
    pub remedy: String,
    /// A program with the error; null if there is none.
    pub wrong: Option<&'static str>,
    /// The same without the error; null if there is none.
    pub right: Option<&'static str>,
    /// Topics that say more.
    pub topics: Vec<&'static str>,
}

/// Returns the explanation of an error message or a traceback; `None` if the text is none.
pub(crate) fn explain(text: &str) -> Option<Explanation> {
    let lines = read(text);
    let known = find(&lines).map(|(known, at)| Explanation::known(known, &lines, at));
    known.or_else(|| named(text, &lines)).or_else(|| conc_failure(&lines)).or_else(|| uncaught(&lines))
}

impl Explanation {
    fn known(known: &'static KnownError, lines: &[PastedLine<'_>], at: usize) -> Self {
        // The programs are in Python.
        let fitting = known.fix.as_deref().filter(|_| !is_panic(lines));
        let side = |side| fitting.and_then(|name| fix(name, side));
        Explanation {
            title: known.code.entry().title,
            known_as: Some(&known.id),
            cause: known.cause.clone(),
            remedy: known.remedy.clone(),
            wrong: side("wrong"),
            right: side("right"),
            topics: known.topics.iter().map(String::as_str).collect(),
            ..Explanation::of_code(known.code, lines, at)
        }
    }

    fn of_code(code: Code, lines: &[PastedLine<'_>], at: usize) -> Self {
        let entry = code.entry();
        Explanation {
            code,
            title: entry.title,
            message: lines[at].text.trim().to_owned(),
            known_as: None,
            place: users_place(lines, at),
            cause: entry.cause.to_owned(),
            remedy: entry.remedy.to_owned(),
            wrong: None,
            right: None,
            topics: Vec::new(),
        }
    }

    /// Returns the programs with and without the error.
    pub(in crate::explain) fn examples(&self) -> Vec<CodeExample> {
        let example = |title: &str, code: &str| CodeExample {
            language: "python".to_owned(),
            title: title.to_owned(),
            code: code.to_owned(),
        };
        let sides = [("with the error", self.wrong), ("without the error", self.right)];
        sides.into_iter().filter_map(|(title, code)| Some(example(title, code?))).collect()
    }

    /// Returns the page for a person.
    pub(in crate::explain) fn page(&self, layout: PageLayout) -> String {
        let title = format!("{}: {}", self.code, self.title);
        let mut page = format!("{}\n{}", layout.wrapped(&layout.heading(&title), "", ""), "");
        page += &layout.labelled("Message", &self.message);
        if let Some(Place { file, line, function }) = &self.place {
            let function = function.as_ref().map(|name| format!(", in {name}")).unwrap_or_default();
            page += &layout.labelled("Your line", &format!("{file}:{line}{function}"));
        }
        page += &layout.labelled("Cause", &layout.marked(&self.cause));
        page += &layout.labelled("Remedy", &layout.marked(&self.remedy));
        for (heading, program) in [("With the error", self.wrong), ("Without it", self.right)] {
            if let Some(program) = program {
                page += &format!("\n{}\n{}", layout.heading(heading), layout.program(program));
            }
        }
        let more: Vec<_> = [self.code.as_str()].into_iter().chain(self.topics.iter().copied()).collect();
        page + &format!("\n{}", layout.labelled("More", &format!("conc explain {}", more.join(", "))))
    }
}

/// Returns true for a message of a program in Rust.
fn is_panic(lines: &[PastedLine<'_>]) -> bool {
    lines.iter().any(|line| line.text.contains("panicked at "))
}

/// Explains a text that is a code.
fn named(text: &str, lines: &[PastedLine<'_>]) -> Option<Explanation> {
    text.trim().parse().ok().map(|code| Explanation::of_code(code, lines, 0))
}

/// Explains a failure that conc reports: `error[E-POOL-001]: ...`.
fn conc_failure(lines: &[PastedLine<'_>]) -> Option<Explanation> {
    lines.iter().enumerate().find_map(|(at, line)| {
        let (_, rest) = line.text.split_once("error[")?;
        let code: Code = rest.split_once(']')?.0.parse().ok()?;
        Some(Explanation::of_code(code, lines, at))
    })
}

/// Explains an exception that nothing is known about, by its traceback.
fn uncaught(lines: &[PastedLine<'_>]) -> Option<Explanation> {
    let is_exception = |line: &PastedLine<'_>| !line.frames.is_empty() && is_exception(line.text);
    let at = lines.iter().rposition(is_exception)?;
    Some(Explanation::of_code(Code::PythonRaised, lines, at))
}

/// Returns true for `ValueError: no`, `package.SomeError` and the like.
fn is_exception(line: &str) -> bool {
    let name = line.split(':').next().unwrap_or_default();
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '.' || c == '_');
    let last = name.rsplit('.').next().unwrap_or_default();
    is_name && ["Error", "Exception", "Interrupt", "Exit", "Warning"].iter().any(|end| last.ends_with(end))
}
