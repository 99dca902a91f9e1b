//! The rules of the house, read off the source: what may import what, circles, and sizes.
//!
//! The floors are those of the table in `src/lib.rs`. A module uses modules of lower floors, or of its
//! own floor if they do not use it in turn. Tests inside of `src` may use everything.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod examples;
mod graph;
mod shape;
mod source;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use graph::Graph;
use source::SourceFile;

/// Modules among whose parts there still are circles. Only ever to be made shorter.
const KNOWN_CIRCLES: &[&str] = &[];

/// Files that are still too long. Only ever to be made shorter.
const KNOWN_LONG: &[&str] = &[];

/// Files named `mod.rs` that still hold logic. Only ever to be made shorter.
const KNOWN_LOGIC: &[&str] = &[];

/// Lines of a `mod.rs`, documents not counted.
const MAX_MOD_LINES: usize = 60;

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// Reads the Rust files under some directories of the package, each with its path from the root of the
/// package.
fn rust_files(directories: &[&str]) -> Vec<(String, String)> {
    let mut pending: Vec<PathBuf> = directories.iter().map(|directory| root().join(directory)).collect();
    let mut files = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            pending.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
            files.push((name, fs::read_to_string(&path).unwrap()));
        }
    }
    files.sort();
    files
}

/// The library as a graph; `main.rs` is a crate of its own.
fn library() -> Graph {
    let files = rust_files(&["src"]).into_iter().filter(|(name, _)| name != "src/main.rs");
    Graph::new(files.map(|(name, text)| SourceFile::parse(&name, &text)))
}

/// Reads the table of floors in the documentation of a crate.
fn floors(text: &str) -> BTreeMap<String, u32> {
    let mut floors = BTreeMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("//! |")) {
        let mut columns = line.split('|').map(str::trim);
        let Some(floor) = columns.next().and_then(|column| column.parse().ok()) else { continue };
        let modules = columns.next().unwrap_or_default();
        for module in modules.split('`').skip(1).step_by(2) {
            let previous = floors.insert(module.to_owned(), floor);
            assert_eq!(previous, None, "`{module}` is on two floors");
        }
    }
    floors
}

/// Finds uses that go upward, and modules without a floor.
fn upward(graph: &Graph, floors: &BTreeMap<String, u32>) -> Vec<String> {
    let lost = graph.rooms().into_iter().filter(|room| !floors.contains_key(*room));
    let lost = lost.map(|room| format!("`{room}` has no floor in the table of src/lib.rs"));
    let upward = graph.edges.iter().filter(|edge| match (edge.from.first(), edge.to.first()) {
        (Some(from), Some(to)) => floors.get(from) < floors.get(to),
        _ => false,
    });
    lost.chain(upward.map(|edge| format!("upward: {}", edge.place))).collect()
}

/// Fails if there is a finding, which begins with the place that it is in, at a place that is not known for
/// it, or a known place without a finding.
fn assert_none(found: &[String], known: &[&str], rule: &str) {
    let is_at =
        |finding: &str, place: &str| finding.strip_prefix(place).is_some_and(|rest| rest.starts_with(": "));
    let new = found.iter().filter(|finding| !known.iter().any(|place| is_at(finding, place)));
    let new: Vec<&str> = new.map(String::as_str).collect();
    assert!(new.is_empty(), "{rule}\n  {}", new.join("\n  "));
    let gone: Vec<_> =
        known.iter().filter(|place| !found.iter().any(|finding| is_at(finding, place))).collect();
    assert!(gone.is_empty(), "{gone:?} keeps the rule now: take it out of the list of exceptions ({rule})");
}

#[test]
fn a_module_uses_only_what_lies_below_it() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let floors = floors(&text);
    let graph = library();
    assert!(
        floors.keys().all(|module| graph.rooms().contains(&**module)),
        "a floor without its module: {floors:?}"
    );
    assert_none(&upward(&graph, &floors), &[], "floors: see the table in src/lib.rs");
}

#[test]
fn nothing_uses_itself_in_a_circle() {
    let circles = library().circles();
    let found =
        circles.iter().map(|circle| format!("{}\n      {}", circle.name, circle.evidence.join("\n      ")));
    assert_none(&found.collect::<Vec<_>>(), KNOWN_CIRCLES, "parts of a module use each other in a circle");
}

#[test]
fn no_file_is_long() {
    let files = rust_files(&["src", "tests", "benches"]);
    let files = files.iter().map(|(name, text)| (name, text.lines().count()));
    let long = files.filter(|(_, lines)| *lines > shape::MAX_FILE_LINES);
    let long = long.map(|(name, lines)| format!("{name}: {lines} lines"));
    assert_none(&long.collect::<Vec<_>>(), KNOWN_LONG, "a file is too long: split it by ideas");
}

#[test]
fn no_function_is_long() {
    let files = rust_files(&["src", "tests", "benches"]);
    let long = files.iter().flat_map(|(name, text)| {
        shape::long_functions(text).into_iter().map(move |function| format!("{name}: {function}"))
    });
    assert_none(&long.collect::<Vec<_>>(), &[], "a function is too long");
}

#[test]
fn a_mod_file_only_declares_and_reexports() {
    let mods = rust_files(&["src"]).into_iter().filter(|(name, _)| name.ends_with("/mod.rs"));
    let found = mods.filter_map(|(name, text)| {
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).count();
        match SourceFile::parse(&name, &text).first_logic {
            Some(line) => Some(format!("{name}: logic in line {line} belongs into a file with a name")),
            None => (code > MAX_MOD_LINES).then(|| format!("{name}: {code} lines of declarations")),
        }
    });
    assert_none(&found.collect::<Vec<_>>(), KNOWN_LOGIC, "mod.rs holds declarations and re-exports");
}
