//! `conc explain` of measured tables, and `conc man`.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::Sandbox;

#[test]
fn a_table_is_shown_filtered_and_printed_as_json() {
    let sandbox = Sandbox::new();
    let shown = sandbox.run(&["explain", "gil", "lxml"]).code(0);
    shown.stdout(contains("lxml 6.1.3").and(contains("orjson").not()).and(contains("2026-11-27")));
    let printed = sandbox.run(&["explain", "quota", "tokio", "--json"]).code(0).get_output().stdout.clone();
    let document: Value = serde_json::from_slice(&printed).unwrap();
    assert_eq!((&document["table"], &document["rows"][0]["runtime"]), (&"quota".into(), &"tokio".into()));
    let schema = sandbox.run(&["schema"]).code(0).get_output().stdout.clone();
    let schema = jsonschema::validator_for(&serde_json::from_slice(&schema).unwrap()).unwrap();
    assert!(schema.is_valid(&document));
    sandbox.run(&["explain", "pools"]).code(0).stdout(contains("multiprocessing.Pool.imap"));
}

#[test]
fn what_no_row_has_and_what_is_no_table_is_said() {
    let sandbox = Sandbox::new();
    sandbox.run(&["explain", "gil", "orjsn"]).code(2).stderr(contains("did you mean 'orjson'?"));
}

#[test]
fn man_prints_one_page_and_writes_all() {
    let sandbox = Sandbox::new();
    sandbox
        .run(&["man", "advise"])
        .code(0)
        .stdout(contains(".TH conc-advise 1").and(contains("EXIT STATUS")));
    sandbox.run(&["man", "asyncio"]).code(0).stdout(contains(".TH conc-event-loop 7"));
    sandbox.run(&["man", "advice"]).code(2).stderr(contains("the commands are advise"));
    sandbox.run(&["man", "--output", "man"]).code(0).stdout("");
    assert!(sandbox.path("man/man1/conc-mcp.1").is_file());
    let root = sandbox.path("man");
    check_pages("groff", &["-man", "-ww", "-z", "-Tutf8"], &root);
    // What is left are matters of taste, such as the missing date.
    check_pages("mandoc", &["-Tlint", "-Werror"], &root);
}

/// Has a program look at all man pages; it has nothing to say about them.
fn check_pages(program: &str, options: &[&str], root: &Path) {
    let folder = |section| fs::read_dir(root.join(section)).unwrap();
    let pages = ["man1", "man7"].into_iter().flat_map(folder).map(|page| page.unwrap().path());
    // A page that stands for another one names it from there.
    let checked = match Command::new(program).args(options).args(pages).current_dir(root).output() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        checked => checked.unwrap(),
    };
    let said = [checked.stdout, checked.stderr].concat();
    assert!(said.is_empty() && checked.status.success(), "{}", String::from_utf8_lossy(&said));
}
