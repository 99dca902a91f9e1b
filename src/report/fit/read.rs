//! Points from a table that a person or a load generator wrote, or from a document of `conc`.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;

use crate::advice::scaling::points;
use crate::benchmark::result::{Round, Status};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::diagnostics::Code;
use crate::model::Point;
use crate::report::fit::series::{Data, Series};
use crate::strategy::StrategyKind;
use crate::workload::input::{InputError, InputErrors, SourceSpan, closest};

/// Names of the column of widths; the first one is used in error messages.
const CONCURRENCY: [&str; 7] = ["concurrency", "width", "threads", "clients", "users", "connections", "n"];

/// Names of the column of throughputs.
const THROUGHPUT: [&str; 6] = ["throughput", "throughput_per_s", "tps", "rps", "qps", "x"];

/// Maximum number of errors reported for one file.
const MOST_ERRORS: usize = 10;

/// Reads the JSON of `bench` or `advise`, or else a table.
///
/// A table has a row for each measurement. A first row that is not two numbers names the columns;
/// without it the first column is the concurrency and the second the throughput. Fields are separated
/// by commas, semicolons or tabs; empty lines and those that start with `#` are skipped.
///
/// # Errors
/// `E-FIT-001`, with line and column.
pub(crate) fn read(name: &str, bytes: Vec<u8>) -> Result<Data, InputErrors> {
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        InputError::new(Code::FitData, format!("{name} is not UTF-8 in line {line}"))
    })?;
    let text: Arc<str> = text.strip_prefix('\u{feff}').unwrap_or(&text).into();
    let file = File { name: name.into(), text };
    if file.text.trim_start().starts_with(['{', '[']) { file.read_json() } else { file.read_table() }
}

struct File {
    name: Arc<str>,
    text: Arc<str>,
}

/// A field with its position.
#[derive(Debug, Clone, PartialEq)]
struct Field {
    text: String,
    span: Range<usize>,
}

/// The columns that are read.
struct Columns {
    concurrency: (usize, String),
    throughput: (usize, String),
}

impl File {
    fn error(&self, span: Range<usize>, message: impl Into<String>) -> InputError {
        let place = SourceSpan::new(Arc::clone(&self.name), Arc::clone(&self.text), span);
        InputError { place: Some(place), ..InputError::new(Code::FitData, message) }
    }

    fn read_json(&self) -> Result<Data, InputErrors> {
        let value: serde_json::Value = serde_json::from_str(&self.text).map_err(|error| {
            let (name, text) = (Arc::clone(&self.name), Arc::clone(&self.text));
            let message = format!("not valid JSON: {}", SourceSpan::reason_of_json_error(&error));
            let place = Some(SourceSpan::of_json_error(name, text, &error));
            InputError { place, ..InputError::new(Code::FitData, message) }
        })?;
        let reports = written(value).map_err(|error| {
            self.error(0..1, format!("JSON, but not a result of conc bench or conc advise: {error}")).with_help(
                "write one with --export-json, or give a table with the columns concurrency and throughput",
            )
        })?;
        let series: Vec<Series> = reports.into_iter().flat_map(series_of).collect();
        if series.is_empty() {
            return Err(self.error(0..1, "the results have no cells that ran").into());
        }
        Ok(Data { name: self.name.to_string(), series, is_result: true })
    }

    fn read_table(&self) -> Result<Data, InputErrors> {
        let mut rows = self.rows();
        let Some(first) = rows.first() else {
            let help = "write a row for each measurement: concurrency,throughput";
            return Err(self.error(0..0, "there are no measurements").with_help(help).into());
        };
        let has_names = first.iter().take(2).any(|field| field.text.parse::<f64>().is_err());
        let columns = if has_names { self.columns(first)? } else { Columns::default() };
        if has_names {
            rows.remove(0);
        }
        let (mut points, mut errors) = (Vec::new(), Vec::new());
        for row in &rows {
            match self.point(row, &columns) {
                Ok(point) => points.push(point),
                Err(error) if errors.len() < MOST_ERRORS => errors.push(error),
                Err(_) => {}
            }
        }
        if let Some(errors) = InputErrors::collect(errors) {
            return Err(errors);
        }
        if points.is_empty() {
            let end = self.text.len();
            return Err(self.error(end..end, "there are no measurements below the names").into());
        }
        let series = Series { workload: None, strategy: None, points };
        Ok(Data { name: self.name.to_string(), series: vec![series], is_result: false })
    }

    /// Returns the fields of every line that has any.
    fn rows(&self) -> Vec<Vec<Field>> {
        let separator = [',', ';', '\t'].into_iter().find(|c| self.text.contains(*c)).unwrap_or(',');
        let mut start = 0;
        let mut rows = Vec::new();
        for line in self.text.split_inclusive('\n') {
            let content = line.trim_end_matches(['\n', '\r']);
            if !content.trim().is_empty() && !content.trim_start().starts_with('#') {
                rows.push(fields(content, start, separator));
            }
            start += line.len();
        }
        rows
    }

    fn columns(&self, names: &[Field]) -> Result<Columns, InputErrors> {
        let find = |known: &[&str]| {
            let position = |name: &&str| names.iter().position(|f| f.text.eq_ignore_ascii_case(name));
            known.iter().find_map(position).map(|i| (i, names[i].text.clone()))
        };
        let missing = |what: &str| {
            let listed: Vec<_> = names.iter().map(|f| f.text.as_str()).collect();
            let span = names[0].span.start..names[names.len() - 1].span.end;
            let meant = closest(what, listed.iter().copied());
            let meant = meant.map(|name| format!("did you mean '{name}'? ")).unwrap_or_default();
            let help = format!("{meant}the columns here are {}", listed.join(", "));
            self.error(span, format!("there is no column `{what}`")).with_help(help)
        };
        match (find(&CONCURRENCY), find(&THROUGHPUT)) {
            (Some(concurrency), Some(throughput)) => Ok(Columns { concurrency, throughput }),
            (None, _) => Err(missing(CONCURRENCY[0]).into()),
            (_, None) => Err(missing(THROUGHPUT[0]).into()),
        }
    }

    fn point(&self, row: &[Field], columns: &Columns) -> Result<Point, InputError> {
        let width = self.number(row, &columns.concurrency)?;
        Ok(Point::new(width, self.number(row, &columns.throughput)?))
    }

    /// Returns the number above zero in a column of `row`.
    fn number(&self, row: &[Field], (column, name): &(usize, String)) -> Result<f64, InputError> {
        let Some(field) = row.get(*column) else {
            let span = row[0].span.start..row[row.len() - 1].span.end;
            let message =
                format!("`{name}` is missing: it is field {}, and there are {}", column + 1, row.len());
            return Err(self.error(span, message));
        };
        let Field { text, span } = field;
        match text.parse::<f64>() {
            Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
            Ok(_) => {
                Err(self.error(span.clone(), format!("`{name}` must be above 0 and finite, not {text}")))
            }
            Err(_) if text.is_empty() => Err(self.error(span.clone(), format!("`{name}` is empty"))),
            Err(_) => Err(self.error(span.clone(), format!("`{name}` must be a number, not '{text}'"))),
        }
    }
}

impl Default for Columns {
    fn default() -> Self {
        Columns { concurrency: (0, CONCURRENCY[0].to_owned()), throughput: (1, THROUGHPUT[0].to_owned()) }
    }
}

/// Splits a line that starts at byte `start`; quotes are those of RFC 4180.
fn fields(line: &str, start: usize, separator: char) -> Vec<Field> {
    let mut fields = Vec::new();
    let (mut begin, mut quoted) = (0, false);
    let mut push = |range: Range<usize>| {
        let raw = &line[range.clone()];
        let trimmed = raw.trim();
        let from = start + range.start + (raw.len() - raw.trim_start().len());
        let inner = trimmed.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
        let text = inner.map_or_else(|| trimmed.to_owned(), |t| t.trim().replace("\"\"", "\""));
        fields.push(Field { text, span: from..from + trimmed.len() });
    };
    for (i, c) in line.char_indices() {
        if c == '"' {
            quoted = !quoted;
        } else if c == separator && !quoted {
            push(begin..i);
            begin = i + c.len_utf8();
        }
    }
    push(begin..line.len());
    fields
}

/// The part of a report that is fitted; reading only that part accepts reports of other versions too.
#[derive(Deserialize)]
struct Written {
    workload: WrittenWorkload,
    cells: Vec<WrittenCell>,
}

#[derive(Deserialize)]
struct WrittenWorkload {
    name: String,
}

#[derive(Deserialize)]
struct WrittenCell {
    #[serde(flatten)]
    cell: Configuration,
    status: Status,
    throughput_per_s: Option<f64>,
    #[serde(default)]
    rounds: Vec<Round>,
}

/// Returns the reports in a document: those in `results`, or the document itself.
fn written(mut document: serde_json::Value) -> serde_json::Result<Vec<Written>> {
    match document.get_mut("results").map(serde_json::Value::take) {
        Some(results) => serde_json::from_value(results),
        None => serde_json::from_value(document).map(|report| vec![report]),
    }
}

/// Returns a series for each strategy that was run at more than one width.
fn series_of(report: Written) -> Vec<Series> {
    let result = |written: WrittenCell| ConfigurationResult {
        throughput_per_s: written.throughput_per_s,
        rounds: written.rounds,
        ..ConfigurationResult::without_numbers(written.cell, written.status, None)
    };
    let (name, cells) = (report.workload.name, report.cells.into_iter().map(result).collect::<Vec<_>>());
    let groups: BTreeSet<(StrategyKind, Option<usize>)> =
        cells.iter().map(|c| (c.cell.strategy, c.cell.processes)).collect();
    let concurrent = groups.into_iter().filter(|(strategy, _)| *strategy != StrategyKind::Sequential);
    let series = concurrent.map(|(strategy, processes)| Series {
        workload: Some(name.clone()),
        strategy: Some(strategy),
        points: points(&cells, Configuration { strategy, width: 0, processes, stages: None }),
    });
    series.filter(|series| series.points.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::document::BenchReport;
    use crate::report::{example, json};
    use proptest::prelude::*;

    fn table(text: &str) -> Vec<(f64, f64)> {
        let data = read("load.csv", text.into()).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(!data.is_result);
        data.series[0].points.iter().map(|p| (p.width, p.rate)).collect()
    }

    fn refused(text: &str) -> String {
        read("load.csv", text.into()).expect_err(text).to_string()
    }

    #[test]
    fn columns_are_found_by_name_and_others_are_ignored() {
        let expected = [(1.0, 20.5), (4.0, 78.0)];
        assert_eq!(table("concurrency,throughput\n1,20.5\n4,78\n"), expected);
        assert_eq!(table("host,Throughput,note,\"Concurrency\"\na,20.5,\"x, y\",1\nb,78,,4"), expected);
        assert_eq!(table("\u{feff}width;throughput_per_s\r\n1;20.5\r\n\r\n# more\r\n4;78\r\n"), expected);
        assert_eq!(table("n\tx\n1\t20.5\n4\t78\n"), expected);
    }

    #[test]
    fn without_names_the_first_two_columns_are_taken() {
        assert_eq!(table("1,20.5,7\n4,78,9\n"), [(1.0, 20.5), (4.0, 78.0)]);
    }

    #[test]
    fn what_is_wrong_is_told_with_line_and_column() {
        for (text, message) in [
            ("", "load.csv:1:1: there are no measurements; write a row for each"),
            ("concurrency,throughput\n", "load.csv:2:1: there are no measurements below the names"),
            (
                "concurrency,rate\n1,2\n",
                "load.csv:1:1: there is no column `throughput`; the columns here are concurrency, rate",
            ),
            (
                "concurency,throughput\n1,2\n",
                "load.csv:1:1: there is no column `concurrency`; did you mean 'concurency'?",
            ),
            ("n,x\n1,2\n2, many\n", "load.csv:3:4: `x` must be a number, not 'many'"),
            ("n,x\n1,2\n0,2\n", "load.csv:3:1: `n` must be above 0 and finite, not 0"),
            ("n,x\n1,inf\n", "load.csv:2:3: `x` must be above 0 and finite, not inf"),
            ("n,x\n1,\n", "load.csv:2:3: `x` is empty"),
            ("n,x\n1\n", "load.csv:2:1: `x` is missing: it is field 2, and there are 1"),
            ("{\n  \"a\": ]\n}", "load.csv:2:8: not valid JSON: expected value"),
            (
                "{\"a\": 1}",
                "load.csv:1:1: JSON, but not a result of conc bench or conc advise: missing field",
            ),
        ] {
            let told = refused(text);
            assert!(told.starts_with(message), "{text:?}: {told}\nnot {message}");
        }
        let not_utf8 = read("load.csv", b"n,x\n1,2\n\xff".to_vec()).expect_err("not UTF-8");
        assert_eq!(not_utf8.to_string(), "load.csv is not UTF-8 in line 3");
    }

    #[test]
    fn several_errors_are_told_at_once_and_countless_ones_are_not() {
        assert_eq!(refused("n,x\na,b\n1,c\n").lines().count(), 2);
        let many = format!("n,x\n{}", "1,z\n".repeat(500));
        assert_eq!(refused(&many).lines().count(), MOST_ERRORS);
    }

    #[test]
    fn results_of_conc_have_a_series_for_each_strategy() {
        let mut bytes = Vec::new();
        let bench: BenchReport = example::bench();
        json::to_writer(&mut bytes, &bench).expect("written");
        let data = read("bench.json", bytes).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(data.is_result);
        let names: Vec<_> = data
            .series
            .iter()
            .map(|s| (s.workload.as_deref().unwrap_or_default(), s.strategy, s.points.len()))
            .collect();
        assert_eq!(names[0], ("web-scraper", Some(StrategyKind::Async), 4));
        assert!(names.iter().any(|(workload, ..)| *workload == "hash-cpu"));
        assert!(
            names
                .iter()
                .all(|(_, strategy, points)| *strategy != Some(StrategyKind::Sequential) && *points > 1)
        );
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9,;\"\\n\\t.{} é-]{0,80}") {
            if let Err(errors) = read("load.csv", text.into_bytes()) {
                prop_assert!(!errors.render(false).is_empty());
            }
        }
    }
}
