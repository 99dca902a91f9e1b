//! Tests that the page is well-formed and complete, loads nothing and runs nothing.

use html5gum::{Token, Tokenizer};

use super::*;
use crate::advice::result::CodeExample;
use crate::advice::{LimitingFactor, Note};
use crate::benchmark::Configuration;
use crate::benchmark::result::Reason;
use crate::diagnostics::Code;
use crate::gate::GateReason;
use crate::report::example;

type StartTag = html5gum::StartTag<()>;

/// Returns true for an element without an end tag in HTML or SVG.
fn is_void(tag: &StartTag) -> bool {
    tag.self_closing || tag.name.as_slice() == b"meta"
}

/// Returns the page's start tags and its text; fails the test unless the page is well-formed.
fn parsed(page: &str) -> (Vec<StartTag>, String) {
    let (mut open, mut tags, mut text) = (Vec::new(), Vec::new(), String::new());
    for token in Tokenizer::new(page) {
        match token.unwrap() {
            Token::Error(error) => panic!("{error:?}: {page}"),
            Token::StartTag(tag) => {
                if !is_void(&tag) {
                    open.push(tag.name.clone());
                }
                tags.push(tag);
            }
            Token::EndTag(tag) => assert_eq!(open.pop().as_ref(), Some(&tag.name), "{page}"),
            Token::String(part) => text += std::str::from_utf8(&part.0).unwrap(),
            Token::Comment(_) | Token::Doctype(_) => {}
        }
    }
    assert!(open.is_empty(), "{open:?}");
    (tags, text)
}

fn count(tags: &[StartTag], name: &str, class: &str) -> usize {
    let has_class = |tag: &&StartTag| {
        tag.attributes.iter().any(|(key, value)| {
            key.as_slice() == b"class"
                && value.as_slice().split(|b| *b == b' ').any(|c| c == class.as_bytes())
        })
    };
    tags.iter().filter(|tag| tag.name.as_slice() == name.as_bytes()).filter(has_class).count()
}

#[test]
fn every_cell_has_its_mark_and_every_metric_its_row() {
    let report = example::gated();
    let (tags, text) = parsed(&to_string(std::slice::from_ref(&report), &[]));
    let legend = 5;
    assert_eq!(count(&tags, "path", "mark"), 7 + legend);
    assert_eq!(count(&tags, "circle", "ring"), 1, "the recommended cell");
    assert_eq!(count(&tags, "circle", "mark"), report.gate.unwrap().metrics.len());
    for told in
        ["0.90x (0.88–0.93) regressed", "async, 64 in flight", "hybrid 64x2: 1 201/s", "advice changed: "]
    {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[test]
fn several_workloads_are_listed_and_linked() {
    let (tags, text) = parsed(&to_string(&example::bench().results, &example::bench().failed));
    assert!(
        text.contains("Gate: 1 regressed, 1 inconclusive, advice changed in 1: web-scraper p50 11% higher"),
        "{text}"
    );
    assert!(text.contains("failed jobs/broken.toml: it has no step"), "{text}");
    let value = |tag: &StartTag, key: &[u8]| {
        tag.attributes.iter().find(|(k, _)| k.as_slice() == key).map(|(_, v)| v.as_slice().to_vec())
    };
    let links: Vec<_> = tags.iter().filter_map(|tag| value(tag, b"href")).collect();
    assert_eq!(links, [b"#w0".to_vec(), b"#w1".to_vec()]);
    let sections: Vec<_> = tags.iter().filter_map(|tag| value(tag, b"id")).collect();
    assert_eq!(sections, [b"w0".to_vec(), b"w1".to_vec()]);
}

#[test]
fn nothing_from_outside_becomes_markup_and_nothing_is_loaded() {
    let attack = "\"><script>alert('1')</script>\u{0}\u{1b}<img src=x>&amp;";
    let mut report = example::gated();
    report.workload.name = attack.to_owned();
    report.host.cpu_model = attack.to_owned();
    report.cells[6].reason = Some(Reason::new(Code::PoolWorkerDied, attack));
    report.warnings[0].message = attack.to_owned();
    let advice = report.recommendation.as_mut().unwrap();
    advice.notes = vec![Note::BlockingStep { step: attack.to_owned() }];
    let reason = Reason::new(Code::PoolWorkerDied, attack);
    advice.limit = LimitingFactor::Refused { configuration: Configuration::REFERENCE, reason, growth: None };
    let reason = GateReason::CannotRun { error: attack.to_owned() };
    report.gate.as_mut().unwrap().reason = Some(reason);
    let failed = FailedWorkload { name: attack.to_owned(), code: None, message: attack.to_owned() };
    let page = to_string(&[report.clone(), report], &[failed]);
    let (tags, text) = parsed(&page);
    let shown = attack.replace(['\u{0}', '\u{1b}'], "\u{fffd}");
    assert!(text.matches(&shown).count() >= 16, "{text}");
    for tag in tags {
        let name = String::from_utf8(tag.name.0).unwrap();
        assert!(!["script", "img", "link", "iframe", "object"].contains(&name.as_str()), "{name}");
        for key in tag.attributes.keys() {
            assert!(!key.starts_with(b"on") && key.as_slice() != b"src", "{key:?}");
        }
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}

#[test]
fn a_report_that_knows_little_is_a_page_too() {
    let full = example::advise();
    let empty = Report::new(full.command, full.host.clone(), full.workload.clone());
    let (tags, _) = parsed(&to_string(&[empty], &[]));
    assert!(tags.iter().all(|tag| tag.name.as_slice() != b"svg"));
    let mut one = full;
    one.cells.truncate(1);
    let (tags, _) = parsed(&to_string(&[one], &[]));
    assert_eq!(count(&tags, "svg", "") + count(&tags, "polyline", "line"), 1, "one cell is plotted");
    parsed(&to_string(&[], &[]));
}

#[test]
fn the_page_says_how_it_was_made_and_shows_the_code_as_it_is() {
    let mut report = example::advise();
    let words = ["advise", "--", "sh", "-c", "a <b"].map(str::to_owned).to_vec();
    report.invocation = Some(Invocation::new(words, std::time::SystemTime::UNIX_EPOCH));
    let code = "fn main() {\n\tlet few = 1 < 2;\n}\n".to_owned();
    let example =
        CodeExample { language: "rust".to_owned(), title: "all at once".to_owned(), code: code.clone() };
    report.recommendation.as_mut().unwrap().code_examples = vec![example.clone(), example];
    let (tags, text) = parsed(&to_string(std::slice::from_ref(&report), &[]));
    for told in ["conc advise -- sh -c ", "a <b", "1970-01-01T00:00:00Z", "conc 0.1", code.trim_end()] {
        assert!(text.contains(told), "{told}: {text}");
    }
    let open = tags.iter().filter(|tag| tag.attributes.keys().any(|key| key.as_slice() == b"open"));
    assert_eq!(open.count(), 1, "one program is open, and the other one can be opened");
}

#[test]
fn shares_of_the_time_and_predictions_are_drawn_and_named() {
    let (tags, text) = parsed(&to_string(&[example::advise()], &[]));
    assert!(count(&tags, "rect", "kind-cpu") >= 2 && text.contains("CPU "), "{text}");
    assert!(count(&tags, "circle", "predicted") >= 3 && text.contains("Hollow circles"), "{text}");
    let (tags, text) = parsed(&to_string(&[example::command()], &[]));
    let columns = example::command().profile.unwrap().tree.unwrap().series.cpu_fraction.len();
    assert!(
        count(&tags, "rect", "kind-cpu") > columns / 2
            && text.contains("over time") | text.contains("CPU use over")
    );
}
