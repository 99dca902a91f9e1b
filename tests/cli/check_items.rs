//! The items that `conc check` runs: all of them, however they are given.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::sandbox::Sandbox;

/// More items than anything would run by default.
const COUNT: usize = 40;

/// Notes every item that it gets.
const NOTES: &str = "import threading\n\
                     LOCK = threading.Lock()\n\
                     def fetch(item):\n    \
                         with LOCK, open('seen.txt', 'a') as file:\n        \
                             file.write(f'{item}\\n')\n";

/// Runs a check and returns the number of tasks that it tells and the items that the callable got.
fn check(source: &str, prepare: impl Fn(&Sandbox), arguments: &[&str]) -> (u64, BTreeSet<String>) {
    let sandbox = Sandbox::with("tasks.py", source);
    prepare(&sandbox);
    let options = ["check", "--json", "tasks.py:fetch"];
    let assert = sandbox.run(&[&options, arguments].concat()).code(0).stderr("");
    let document: Value = serde_json::from_slice(&assert.get_output().stdout).expect("a document");
    let seen = fs::read_to_string(sandbox.path("seen.txt")).expect("items");
    let tasks = document["workload"]["tasks"].as_u64().expect("a number");
    (tasks, seen.lines().map(str::to_owned).collect())
}

fn named(count: usize) -> BTreeSet<String> {
    (0..count).map(|number| format!("item-{number}")).collect()
}

#[test]
fn items_on_the_command_line_are_all_run() {
    let items: Vec<_> = named(COUNT).into_iter().collect();
    let arguments: Vec<_> = std::iter::once(":::").chain(items.iter().map(String::as_str)).collect();
    assert_eq!(check(NOTES, |_| (), &arguments), (COUNT as u64, named(COUNT)));
}

#[test]
fn items_of_a_file_are_all_run() {
    let text: String = named(COUNT).iter().map(|item| format!("{item}\n")).collect();
    let prepare = |sandbox: &Sandbox| fs::write(sandbox.path("items.txt"), &text).expect("written");
    assert_eq!(check(NOTES, prepare, &["--items", "items.txt"]), (COUNT as u64, named(COUNT)));
}

#[test]
fn items_of_the_module_are_all_run_unless_fewer_are_asked_for() {
    let source = format!("{NOTES}\nitems = [f'item-{{n}}' for n in range({COUNT})]\n");
    assert_eq!(check(&source, |_| (), &[]), (COUNT as u64, named(COUNT)));
    assert_eq!(check(&source, |_| (), &["--tasks", "3"]), (3, named(3)));
}

#[test]
fn coroutines_too_get_all_items() {
    let source = NOTES.replace("def fetch", "async def fetch");
    let source = format!("{source}\nitems = [f'item-{{n}}' for n in range({COUNT})]\n");
    assert_eq!(check(&source, |_| (), &[]), (COUNT as u64, named(COUNT)));
}
