//! The formats of results for other programs.

use std::io;

use crate::report::document::Results;
use crate::report::worded::Worded;
use crate::report::{bmf, csv, gab, html, hyperfine, json, junit, markdown};

/// A format of results for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// The JSON document.
    Json,
    /// A table in Markdown.
    Markdown,
    /// A table as CSV.
    Csv,
    /// The JSON of hyperfine.
    Hyperfine,
    /// Bencher Metric Format.
    Bmf,
    /// github-action-benchmark, for metrics of which more is better.
    GabBigger,
    /// github-action-benchmark, for metrics of which less is better.
    GabSmaller,
    /// JUnit XML.
    Junit,
    /// A page with plots.
    Html,
}

/// Returns the results in a format.
///
/// # Errors
/// The error of the serialiser.
pub(crate) fn render(format: Format, results: &(impl Results + Worded)) -> io::Result<String> {
    let (reports, failed, missing) = (results.reports(), results.failed(), results.missing());
    match format {
        Format::Json => render_json(results),
        Format::Markdown => Ok(markdown::to_string(reports, failed, missing)),
        Format::Csv => Ok(csv::to_string(reports)),
        Format::Hyperfine => harmless(hyperfine::to_string(reports)),
        Format::Bmf => harmless(bmf::to_string(reports)),
        Format::GabBigger => harmless(gab::to_string(reports, gab::Direction::BiggerIsBetter)),
        Format::GabSmaller => harmless(gab::to_string(reports, gab::Direction::SmallerIsBetter)),
        Format::Junit => Ok(junit::to_string(reports, failed, missing)),
        Format::Html => Ok(html::to_string(reports, failed)),
    }
}

fn harmless(json: String) -> io::Result<String> {
    Ok(json::escape_controls(&json).into_owned())
}

/// Returns a document as JSON.
///
/// # Errors
/// The error of the serialiser.
pub(crate) fn render_json(document: &impl Worded) -> io::Result<String> {
    let mut bytes = Vec::new();
    json::to_writer(&mut bytes, document)?;
    String::from_utf8(bytes).map_err(io::Error::other)
}
