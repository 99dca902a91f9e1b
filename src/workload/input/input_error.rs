//! Errors in what a user wrote, each with the place where it is written.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostics::Code;

/// A stretch of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSpan {
    /// The file as the user named it.
    pub file: Arc<str>,
    /// All of its text.
    pub text: Arc<str>,
    /// Bytes of the text, on character boundaries.
    pub span: Range<usize>,
}

impl SourceSpan {
    /// Makes a place in `text`; a span that does not fit is cut to fit.
    pub fn new(file: Arc<str>, text: Arc<str>, span: Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let end = text.ceil_char_boundary(span.end).max(start);
        SourceSpan { file, text, span: start..end }
    }

    /// Returns the place in `text` that a JSON error is about.
    pub fn of_json_error(file: Arc<str>, text: Arc<str>, error: &serde_json::Error) -> Self {
        let start: usize =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let at = start + error.column().saturating_sub(1);
        SourceSpan::new(file, text, at..at + 1)
    }

    /// Returns the message of a JSON error without its line and column.
    pub fn reason_of_json_error(error: &serde_json::Error) -> String {
        let message = error.to_string();
        message.rsplit_once(" at line").map_or(message.as_str(), |(reason, _)| reason).to_owned()
    }

    /// Returns the line, from 1.
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// Returns the column in characters, from 1.
    pub fn column(&self) -> usize {
        self.before().chars().rev().take_while(|c| *c != '\n').count() + 1
    }

    fn before(&self) -> &str {
        &self.text[..self.span.start]
    }
}

/// An error in a workload, printed as one line: `file:line:column: message; help`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputError {
    /// The entry of the catalogue.
    pub code: Code,
    /// The error, as a fragment.
    pub message: String,
    /// The place in the file, if there is one.
    pub place: Option<SourceSpan>,
    /// Advice on what to write instead, if known.
    pub help: Option<String>,
}

impl InputError {
    /// Makes an error that is in no file.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        InputError { code, message: message.into(), place: None, help: None }
    }

    /// Adds what to do about it.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Returns the error with the line of the file it is about, over several lines.
    pub fn render(&self, colour: bool) -> String {
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        let title = Level::ERROR.primary_title(self.message.as_str()).id(self.code.as_str());
        let mut group = Group::with_title(title);
        if let Some(place) = &self.place {
            group = group.element(
                Snippet::source(&*place.text)
                    .path(&*place.file)
                    .annotation(AnnotationKind::Primary.span(place.span.clone())),
            );
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        renderer.render(&[group])
    }
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{}:{}:{}: ", place.file, place.line(), place.column())?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for InputError {}

/// Everything that is wrong with a workload, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputErrors(Vec<InputError>);

impl InputErrors {
    /// Orders errors by place; `None` if there are none.
    pub fn collect(mut errors: Vec<InputError>) -> Option<Self> {
        errors.sort_by_key(|e| e.place.as_ref().map(|p| p.span.start));
        if errors.is_empty() { None } else { Some(InputErrors(errors)) }
    }

    /// Returns the first error, which decides the code of the whole.
    pub fn first(&self) -> &InputError {
        &self.0[0]
    }

    /// Returns every error, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &InputError> {
        self.0.iter()
    }

    /// Returns every error with the line it is about, separated by empty lines.
    pub fn render(&self, colour: bool) -> String {
        self.iter().map(|e| e.render(colour)).collect::<Vec<_>>().join("\n\n")
    }
}

impl From<InputError> for InputErrors {
    fn from(error: InputError) -> Self {
        InputErrors(vec![error])
    }
}

impl fmt::Display for InputErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<_> = self.iter().map(InputError::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for InputErrors {}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str, span: Range<usize>) -> SourceSpan {
        SourceSpan::new("w.toml".into(), text.into(), span)
    }

    #[test]
    fn columns_count_characters_and_not_bytes() {
        let place = place("a = 1\nβ = \"ü\" # x", 9..10);
        assert_eq!((place.line(), place.column()), (2, 3));
    }

    #[test]
    fn a_span_beyond_the_text_or_inside_a_character_is_cut_to_fit() {
        assert_eq!(place("ab", 5..9).span, 2..2);
        assert_eq!(place("aβc", 2..2).span, 1..3);
        let error =
            InputError { place: Some(place("", 3..9)), ..InputError::new(Code::WorkloadEmpty, "nothing") };
        assert!(error.render(false).contains("w.toml:1:1"));
    }

    #[test]
    fn errors_print_in_the_order_of_the_file() {
        let at = |start, message: &str| InputError {
            place: Some(place("ab\ncd", start..start + 1)),
            ..InputError::new(Code::WorkloadKey, message)
        };
        let errors = InputErrors::collect(vec![at(3, "late"), at(0, "early")]).expect("two errors");
        assert_eq!(errors.to_string(), "w.toml:1:1: early\nw.toml:2:1: late");
    }

    #[test]
    fn an_error_without_a_place_renders_its_code_and_help() {
        let error = InputError::new(Code::WorkloadNotFound, "no such thing").with_help("try another");
        insta::assert_snapshot!(error.render(false), @r"
        error[E-WORKLOAD-007]: no such thing
         |
         = help: try another
        ");
    }
}
