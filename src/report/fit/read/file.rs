//! The form of a file, and its content as series.

use crate::diagnostics::Code;
use crate::report::fit::read::columns::Chooser;
use crate::report::fit::read::source::Source;
use crate::report::fit::read::table::Table;
use crate::report::fit::read::{delimited, events, points, records, results, transcript};
use crate::report::fit::series::{ColumnNames, Data};
use crate::workload::input::{InputError, InputErrors};

/// Reads the JSON of `bench` or `advise`, or else measurements in any form; `wanted` are the columns that the user
/// names.
///
/// # Errors
/// `E-FIT-001`, with line and column.
pub(crate) fn read(name: &str, bytes: Vec<u8>, wanted: &ColumnNames) -> Result<Data, InputErrors> {
    let source = Source::new(name, bytes)?;
    if !source.text.trim_start().starts_with(['{', '[']) {
        return read_text(&source, wanted);
    }
    let documents = match records::documents(&source) {
        Ok(documents) => documents,
        // Lines of a log may begin with a bracket too.
        Err(error) => return read_text(&source, wanted).map_err(|_| source.json_error(&error).into()),
    };
    if let Some(series) = results::read(&source, &documents)? {
        return match wanted {
            ColumnNames { concurrency: None, throughput: None } => Ok(series),
            _ => {
                let message = format!("{name} is a result of conc; its columns are known");
                let help = "leave out --concurrency and --throughput";
                Err(InputError::new(Code::FitData, message).with_help(help).into())
            }
        };
    }
    let table = records::read(&source, &documents).ok_or_else(|| no_measurements(&source))?;
    of_table(&source, table, wanted)
}

/// Returns the names of the columns of a file, as far as it has any.
pub(crate) fn column_names(bytes: Vec<u8>) -> Vec<String> {
    let Ok(source) = Source::new("", bytes) else { return Vec::new() };
    let lines = || delimited::read(&source, &[]).filter(|table| !table.names.is_empty());
    let table = match records::documents(&source) {
        Ok(documents) => records::read(&source, &documents),
        Err(_) => {
            let has_columns = |table: &Table| Chooser::new(&source, table).is_likely(&ColumnNames::default());
            lines().filter(has_columns).or_else(|| transcript::read(&source)).or_else(lines)
        }
    };
    table.map(|table| table.names.into_iter().map(|name| name.text).collect()).unwrap_or_default()
}

fn read_text(source: &Source, wanted: &ColumnNames) -> Result<Data, InputErrors> {
    let names: Vec<&str> =
        [&wanted.concurrency, &wanted.throughput].into_iter().filter_map(Option::as_deref).collect();
    let lines = delimited::read(source, &names).map(Table::with_number_of_commands);
    let has_columns = |table: &Table| table.names.is_empty() || Chooser::new(source, table).is_likely(wanted);
    let is_log = |table: &Table| events::steps(table).is_some();
    match lines {
        Some(table) if has_columns(&table) || is_log(&table) => of_table(source, table, wanted),
        lines => match (transcript::read(source), lines) {
            (Some(runs), _) => of_table(source, runs, wanted),
            (None, Some(table)) => of_table(source, table, wanted),
            (None, None) => Err(no_measurements(source).into()),
        },
    }
}

fn of_table(source: &Source, table: Table, wanted: &ColumnNames) -> Result<Data, InputErrors> {
    let is_steps = events::steps(&table);
    let table = table.with_number_of_commands();
    let table = is_steps.as_ref().unwrap_or(&table);
    let columns = Chooser::new(source, table).choose(wanted)?;
    points::read(source, table, &columns, is_steps.is_some())
}

fn no_measurements(source: &Source) -> InputError {
    let help = "write a row for each measurement: concurrency,throughput";
    source.error(0..0, "there are no measurements").with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_plain(text: &str) -> Result<Data, InputErrors> {
        read("load.csv", text.into(), &ColumnNames::default())
    }

    fn table(text: &str) -> Vec<(f64, f64)> {
        let data = read_plain(text).unwrap_or_else(|errors| panic!("{text:?}: {errors}"));
        assert!(data.table.is_some());
        data.series[0].points.iter().map(|p| (p.width, p.rate)).collect()
    }

    fn refused(text: &str) -> String {
        read_plain(text).expect_err(text).to_string()
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
                "concurrency,speed\n1,2\n",
                "load.csv:1:1: there is no column `throughput`; the columns here are concurrency, speed; name it with \
                 --throughput COLUMN",
            ),
            (
                "concurency,throughput\n1,2\n",
                "load.csv:1:1: there is no column `concurrency`; did you mean 'concurency'?",
            ),
            ("n,x\n1,2\n2, many\n", "load.csv:3:4: `x` must be a number, not 'many'"),
            ("n,x\n1,2\n-1,2\n", "load.csv:3:1: `n` must not be negative, and is -1"),
            (
                "n,x\n0,2\n1,N/A\n",
                "load.csv:3:1: there are no measurements below the names; 1 row has a zero, 1 row",
            ),
            ("n,x\n1,2\n2\n", "load.csv:3:1: `x` is missing: it is field 2, and there is only 1"),
            ("n;x\n1;1,234\n2;2,345\n", "load.csv:2:3: `x` may be 1234 or 1.234"),
            (
                "threads,read iops,write iops\n1,5,6\n2,7,9\n",
                "load.csv:1:1: `read iops` and `write iops` may both be",
            ),
            ("{\n  \"a\": ]\n}", "load.csv:2:8: not valid JSON: expected value"),
            ("{\"a\": 1}", "load.csv:1:1: there is no column `concurrency`; the columns here are a;"),
        ] {
            let told = refused(text);
            assert!(told.starts_with(message), "{text:?}: {told}\nnot {message}");
        }
        let not_utf8 =
            read("load.csv", b"n,x\n1,2\n\xff".to_vec(), &ColumnNames::default()).expect_err("not UTF-8");
        assert_eq!(not_utf8.to_string(), "load.csv is not UTF-8 in line 3");
    }

    #[test]
    fn several_errors_are_told_at_once_and_countless_ones_are_not() {
        assert_eq!(refused("n,x\n1,2\na,b\n1,c\n").lines().count(), 2);
        let many = format!("n,x\n{}", "1,z\n".repeat(500));
        assert_eq!(refused(&many).lines().count(), points::MOST_ERRORS);
    }

    #[test]
    fn the_names_of_columns_are_those_of_the_file() {
        let names = |text: &str| column_names(text.into());
        assert_eq!(names("host,load,rps\na,1,2\n"), ["host", "load", "rps"]);
        assert_eq!(names("clients: 4\ntps = 20.5\n"), ["clients", "tps"]);
        assert_eq!(names(r#"[{"a": 1, "b": 2}]"#), ["a", "b"]);
        assert_eq!(names("1,2\n3,4\n"), [] as [String; 0]);
        assert_eq!(column_names(vec![0xff]), [] as [String; 0]);
    }

    #[test]
    fn the_user_may_name_the_columns() {
        let text = "a,b,c\n1,2,10\n2,4,19\n";
        let named = |concurrency: &str, throughput: &str| {
            let wanted = ColumnNames {
                concurrency: Some(concurrency.to_owned()),
                throughput: Some(throughput.to_owned()),
            };
            read("load.csv", text.into(), &wanted)
        };
        let points = |data: Data| data.series[0].points.iter().map(|p| (p.width, p.rate)).collect::<Vec<_>>();
        assert_eq!(points(named("b", "C").expect("columns")), [(2.0, 10.0), (4.0, 19.0)]);
        assert_eq!(points(named("1", "3").expect("columns")), [(1.0, 10.0), (2.0, 19.0)]);
        let told = named("z", "c").expect_err("no such column").to_string();
        assert!(
            told.starts_with("load.csv:1:1: there is no column `z`, which --concurrency names; "),
            "{told}"
        );
        assert!(told.ends_with("the columns here are a, b, c"), "{told}");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[a-z0-9,;\"\\n\\t.{}\\[\\]:|/%= é-]{0,80}") {
            if let Err(errors) = read_plain(&text) {
                prop_assert!(!errors.render(false).is_empty());
            }
        }
    }
}
