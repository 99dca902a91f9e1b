//! Tests that `conc` accepts every command line in the documents.

use std::path::Path;

use clap::CommandFactory;

use crate::cli::args::Cli;
use crate::explain::markdown::{Block, Mark, parse};
use crate::explain::topic::TOPICS;

/// Documents outside the topics that show command lines.
const DOCUMENTS: [(&str, &str); 2] = [
    ("README.md", include_str!("../../../README.md")),
    ("benches/README.md", include_str!("../../../benches/README.md")),
];

/// Returns the arguments of every `conc` command in the fenced code of a document.
fn commands(text: &str) -> Vec<Vec<String>> {
    let blocks = parse(text).into_iter();
    let code = blocks.filter_map(|block| match block {
        Block::Code(_, lines) => Some(lines),
        _ => None,
    });
    code.flat_map(|lines| lines.lines().flat_map(commands_of).collect::<Vec<_>>()).collect()
}

fn commands_of(line: &str) -> Vec<Vec<String>> {
    let line = line.trim().trim_start_matches("$ ").trim_start_matches("- run: ");
    let words = shlex::split(line).unwrap_or_default();
    let parts = words.split(|word| word == "|");
    let without_redirection = |part: &[String]| part.iter().take_while(|w| *w != ">").cloned().collect();
    parts.filter(|part| part.first().is_some_and(|word| word == "conc")).map(without_redirection).collect()
}

#[test]
fn every_command_line_in_the_documents_is_accepted() {
    let topics = TOPICS.iter().map(|topic| (topic.name, topic.text));
    let mut count = 0;
    for (name, text) in topics.chain(DOCUMENTS) {
        for arguments in commands(text) {
            let parsed = Cli::command().try_get_matches_from(&arguments);
            assert!(parsed.is_ok(), "{name}: {}\n{}", arguments.join(" "), parsed.unwrap_err());
            count += 1;
        }
    }
    assert!(count > 40, "only {count} command lines were found");
}

#[test]
fn every_topic_that_is_referred_to_exists() {
    for topic in TOPICS {
        for (_, name) in
            topic.text.match_indices("`conc explain ").map(|(at, m)| topic.text.split_at(at + m.len()))
        {
            let name = name.split('`').next().unwrap_or_default();
            let is_placeholder = name.chars().all(|c| c.is_ascii_uppercase());
            assert!(is_placeholder || crate::explain::page(name, LAYOUT).is_some(), "{}: {name}", topic.name);
        }
    }
}

/// Layout of the topic pages that the tests read: 80 columns, unstyled.
const LAYOUT: crate::explain::PageLayout = crate::explain::PageLayout { width: 80, is_styled: false };

/// Returns all text that a document marks as literal.
fn literals(text: &str) -> Vec<String> {
    let spans = parse(text).into_iter().flat_map(|block| match block {
        Block::Heading(_, spans) | Block::Paragraph(spans) | Block::Item(_, _, spans) => spans,
        Block::Table(rows) => rows.into_iter().flatten().flatten().collect(),
        Block::Code(..) => Vec::new(),
    });
    spans.filter(|span| span.mark == Mark::Code).map(|span| span.text).collect()
}

#[test]
fn every_path_in_the_documents_for_contributors_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_path = |text: &str| {
        let is_plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "._-/".contains(c));
        is_plain && !text.contains("NAME") && (text.contains('/') || text.ends_with(".rs"))
    };
    for document in ["src/README.md", "tests/README.md", "benches/README.md", ".github/CONTRIBUTING.md"] {
        let text = std::fs::read_to_string(root.join(document)).expect("a document");
        let exists = |path: &String| {
            ["", "src", "tests", "benches"].iter().any(|place| root.join(place).join(path).exists())
        };
        let missing: Vec<_> =
            literals(&text).into_iter().filter(|text| is_path(text) && !exists(text)).collect();
        assert!(missing.is_empty(), "{document}: {missing:?}");
    }
}
