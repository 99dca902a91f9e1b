//! Whatever the names and messages in a report are, no output controls what shows it or breaks its format.

use html5gum::{Token, Tokenizer};
use proptest::prelude::*;
use serde_json::Value;

use crate::characters::is_control;
use crate::report::document::BenchReport;
use crate::report::fit::read::read;
use crate::report::fit::series::ColumnNames;
use crate::report::fit::{FitReport, fit};
use crate::report::format::{Format, render};
use crate::report::table::{CodeChoice, Glyphs, TableOptions};
use crate::report::{example, fit_formats, github, table};

/// The strings of a document that come from files, commands and the machine.
const FREE: [&str; 5] = ["name", "message", "item", "cpu_model", "kernel"];

/// Text of every nature: formulas, markup, escape sequences, directions, commands of GitHub Actions, and any at all.
fn texts() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "=",
        "+1",
        "-",
        "@",
        "@octocat",
        "#7",
        "|",
        "`",
        "*",
        "_",
        "[x](http://a.b)",
        "<script>",
        "</td>",
        "<!--",
        "-->",
        "]]>",
        "&amp;",
        "\"",
        "'",
        ",",
        ";",
        "\n",
        "\r",
        "\t",
        "\u{0}",
        "\u{7}",
        "\u{1b}[2J",
        "\u{1b}]0;t\u{7}",
        "\u{9b}2J",
        "\u{202e}",
        "\u{2066}",
        "\u{2028}",
        "\u{fffe}",
        "::error::x",
        "\n::set-output name=a::b",
        "##[error]",
        "%0A",
        "{item}",
        "宽",
        "🦀",
        "e\u{301}",
        "\\",
        "www.a.b",
        "a",
    ]);
    prop_oneof![
        prop::collection::vec(parts, 0..8).prop_map(|parts| parts.concat()),
        "(?s).{0,40}".prop_map(|text| text),
    ]
}

/// Puts the text in the place of every free string.
fn fill(value: &mut Value, text: &str) {
    match value {
        Value::Object(map) => map.iter_mut().for_each(|(key, value)| match value {
            Value::String(free) if FREE.contains(&key.as_str()) => text.clone_into(free),
            value => fill(value, text),
        }),
        Value::Array(list) => list.iter_mut().for_each(|value| fill(value, text)),
        _ => {}
    }
}

/// Returns the example of `bench` with the text in the place of every free string.
fn report(text: &str) -> BenchReport {
    let mut value = serde_json::to_value(example::bench()).expect("a document");
    fill(&mut value, text);
    let mut report: BenchReport = serde_json::from_value(value).expect("the same shape");
    report.failed.iter_mut().for_each(|failed| text.clone_into(&mut failed.name));
    report
}

fn fits(text: &str) -> Vec<FitReport> {
    let data = read(text, b"1,100\n2,190\n4,350\n8,600\n16,900\n32,950\n".to_vec(), &ColumnNames::default())
        .expect("a table");
    fit(&data).into_iter().map(|fit| FitReport { workload_name: Some(text.to_owned()), ..fit }).collect()
}

fn controls_nothing(what: &str, text: &str) {
    let control = text.chars().find(|c| is_control(*c) && *c != '\n');
    assert_eq!(control, None, "{what}: {text:?}");
}

/// Checks that every row has as many fields as the header, and that none is a formula.
fn is_csv(text: &str) {
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    for row in rows.records() {
        // The reader refuses a row of another length.
        let row = row.expect("as long as the header");
        for field in &row {
            let begins = |start: &[char]| field.trim_start().starts_with(start);
            assert!(!begins(&['=', '+', '-', '@']) || field.parse::<f64>().is_ok(), "{field:?}");
            assert!(!field.trim_start().starts_with("::"), "{field:?}");
        }
    }
}

/// Checks that rows of tables have as many cells as their heads, and that nobody is notified.
fn is_markdown(text: &str) {
    let cells = |line: &str| {
        let escaped = line.replace("\\\\", "");
        escaped.matches('|').count() - escaped.matches("\\|").count()
    };
    let mut head = None;
    for line in text.lines() {
        head = if line.starts_with('|') { Some(*head.get_or_insert(cells(line))) } else { None };
        assert!(head.is_none_or(|head| head == cells(line)), "{line}");
    }
    for (at, _) in text.match_indices('@') {
        assert!(text[at + 1..].starts_with("<!-- -->"), "{text}");
    }
    assert!(!text.contains("http://"), "{text}");
    assert!(!text.replace("\\<", "").contains("<script>"), "{text}");
}

/// Returns the names of the elements, in order.
fn elements(markup: &str) -> Vec<Vec<u8>> {
    let tags = Tokenizer::new(markup).filter_map(|token| match token {
        Ok(Token::StartTag(tag)) => Some(tag.name.to_vec()),
        Ok(Token::EndTag(tag)) => Some([b"/".to_vec(), tag.name.to_vec()].concat()),
        _ => None,
    });
    tags.collect()
}

fn is_harmless(text: &str) {
    let (report, plain) = (report(text), report("plain"));
    for format in [Format::Json, Format::Hyperfine, Format::Bmf, Format::GabBigger, Format::GabSmaller] {
        let out = render(format, &report).expect("rendered");
        controls_nothing(&format!("{format:?}"), &out);
        serde_json::from_str::<Value>(&out).unwrap_or_else(|error| panic!("{format:?}: {error}: {out}"));
    }
    let json: Value = serde_json::from_str(&render(Format::Json, &report).expect("rendered")).expect("JSON");
    assert_eq!(json["results"][0]["workload"]["name"], text, "a document keeps every character");
    for format in [Format::Junit, Format::Html] {
        let out = render(format, &report).expect("rendered");
        controls_nothing(&format!("{format:?}"), &out);
        assert_eq!(elements(&out), elements(&render(format, &plain).expect("rendered")), "{format:?}: {out}");
    }
    let csv = render(Format::Csv, &report).expect("rendered");
    controls_nothing("CSV", &csv);
    is_csv(&csv);
    let markdown = render(Format::Markdown, &report).expect("rendered");
    controls_nothing("Markdown", &markdown);
    is_markdown(&markdown);
    let fits = fits(text);
    controls_nothing("CSV of a fit", &fit_formats::csv(&fits));
    is_csv(&fit_formats::csv(&fits));
    controls_nothing("Markdown of a fit", &fit_formats::markdown(&fits));
    is_markdown(&fit_formats::markdown(&fits));
    let options = TableOptions { width: 100, colour: false, verbose: true, code: CodeChoice::None };
    controls_nothing("the table", &table::render_bench(&report, &options));
    controls_nothing("warnings", &table::render_warnings(&report.results, &options));
    controls_nothing("the table of a fit", &table::render_fit(&fits, &options, Glyphs::Unicode));
    let annotations = github::annotations(&report.results, &report.failed, &[]);
    controls_nothing("annotations", &annotations);
    let of_plain = github::annotations(&plain.results, &plain.failed, &[]);
    assert_eq!(annotations.lines().count(), of_plain.lines().count(), "{annotations}");
}

#[test]
fn the_names_of_the_issue_are_harmless() {
    for text in [
        "\u{1b}]0;title\u{7}\u{1b}[2J",
        "x\n::error file=a::b",
        "=cmd|' /C calc'!A0",
        "+1-555",
        "\u{202e}gnp.exe",
        "@octocat please look at #1",
        "a | b <script>alert(1)</script>",
        "]]></failure><testcase/>",
        "",
    ] {
        is_harmless(text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_name_is_harmless_in_every_format(text in texts()) {
        is_harmless(&text);
    }
}
