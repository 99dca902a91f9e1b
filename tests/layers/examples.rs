//! The rules find what they are there to find, on sources of a few lines.

use std::collections::BTreeMap;

use crate::graph::Graph;
use crate::source::SourceFile;
use crate::{floors, shape, upward};

/// A crate of files, each a path under `src` and a text.
fn graph(files: &[(&str, &str)]) -> Graph {
    Graph::new(files.iter().map(|(name, text)| SourceFile::parse(&format!("src/{name}"), text)))
}

fn two_floors() -> BTreeMap<String, u32> {
    floors(
        "//! | floor | module |\n//! |---|---|\n//! | 0 | [`low`] | x |\n//! | 1 | [`high`], [`side`] | y |\n",
    )
}

fn circles(files: &[(&str, &str)]) -> Vec<String> {
    graph(files).circles().into_iter().map(|circle| circle.name).collect()
}

#[test]
fn the_table_says_the_floor_of_every_module() {
    assert_eq!(two_floors(), BTreeMap::from([("low".into(), 0), ("high".into(), 1), ("side".into(), 1)]));
}

#[test]
fn an_upward_import_is_found_wherever_it_is_written() {
    let uses = [
        "use crate::high::Roof;",
        "use super::high::{self, Roof};",
        "fn f() { crate::high::build(); }",
        "use crate::high; fn f() { high::build(); }",
        "fn f() -> Vec<u8> { vec![crate::high::build()] }",
        "#[serde(default = \"crate::high::build\")] struct S;",
        "mod inner { use super::super::high::Roof; }",
        "impl S { fn f(self: &crate::high::Roof) {} }",
    ];
    for text in uses {
        let graph = graph(&[("low.rs", text), ("high.rs", "pub struct Roof; pub fn build() {}")]);
        assert!(!upward(&graph, &two_floors()).is_empty(), "{text}");
    }
}

#[test]
fn neither_comments_nor_strings_nor_tests_count() {
    let uses = [
        "//! See [`crate::high::Roof`].",
        "fn f() { /* crate::high::build() */ }",
        "const TEXT: &str = \"crate::high::build()\";",
        "#[cfg(test)] mod tests { use crate::high::Roof; }",
        "#[cfg(test)] use crate::high::Roof;",
        "fn f(high: u8) { high.build() }",
    ];
    for text in uses {
        let graph = graph(&[("low.rs", text), ("high.rs", "pub struct Roof; pub fn build() {}")]);
        assert_eq!(upward(&graph, &two_floors()), [] as [&str; 0], "{text}");
    }
}

#[test]
fn a_module_without_a_floor_is_found() {
    let found = upward(&graph(&[("cellar.rs", "")]), &two_floors());
    assert_eq!(found, ["`cellar` has no floor in the table of src/lib.rs"]);
}

#[test]
fn a_file_of_tests_may_use_everything() {
    let files = [
        ("low.rs", "#[cfg(test)] mod testing;"),
        ("low/testing.rs", "use crate::high::Roof;"),
        ("high.rs", "pub struct Roof;"),
    ];
    assert_eq!(upward(&graph(&files), &two_floors()), [] as [&str; 0]);
}

#[test]
fn modules_that_use_each_other_are_a_circle() {
    let found = circles(&[
        ("high.rs", "use crate::side::S; pub struct H;"),
        ("side.rs", "use crate::high::H; pub struct S;"),
    ]);
    assert_eq!(found, ["crate: high, side"]);
}

#[test]
fn a_circle_of_three_files_is_found_through_their_reexports() {
    let found = circles(&[
        (
            "a/mod.rs",
            "mod one; mod two; mod three; pub use one::One; pub use two::*; pub use three::Three as Tre;",
        ),
        ("a/one.rs", "use super::Two; pub struct One;"),
        ("a/two.rs", "pub struct Two; fn f(_: crate::a::Tre) {}"),
        ("a/three.rs", "use crate::a; pub struct Three(a::One);"),
    ]);
    assert_eq!(found, ["a: one, three, two"]);
}

#[test]
fn a_parent_and_a_child_that_use_each_other_are_a_circle() {
    let files = [
        ("a.rs", "mod child; pub struct A; fn f() { child::g(); }"),
        ("a/child.rs", "use super::A; pub fn g() {}"),
    ];
    assert_eq!(circles(&files), ["a: child, self"]);
}

#[test]
fn rooms_whose_files_use_each_other_are_a_circle_though_the_files_are_none() {
    let found = circles(&[
        ("a/mod.rs", "mod x; mod y;"),
        ("a/x/mod.rs", "mod one; mod two;"),
        ("a/x/one.rs", "use crate::a::y::three::Three;"),
        ("a/x/two.rs", "pub struct Two;"),
        ("a/y/mod.rs", "mod three; mod four;"),
        ("a/y/three.rs", "pub struct Three;"),
        ("a/y/four.rs", "use crate::a::x::two::Two;"),
    ]);
    assert_eq!(found, ["a: x, y"]);
}

#[test]
fn a_parent_that_only_reexports_is_in_no_circle() {
    let files = [
        ("a.rs", "mod child; pub use child::Child; pub struct A;"),
        ("a/child.rs", "use super::A; pub struct Child;"),
        ("b.rs", "use crate::a::Child;"),
    ];
    assert_eq!(circles(&files), [] as [&str; 0]);
}

#[test]
fn a_long_function_is_found_and_a_table_is_none() {
    let steps = "    step();\n".repeat(60);
    let long = format!("impl S {{\n    fn long() {{\n{steps}    }}\n}}\n");
    assert_eq!(shape::long_functions(&long), ["long (62 lines)"]);
    let arms: String = (0..60).map(|code| format!("        {code} => \"text\",\n")).collect();
    let table = |arm: &str| {
        format!("fn table(code: u8) -> &'static str {{\n    match code {{\n{arms}{arm}    }}\n}}\n")
    };
    assert_eq!(shape::long_functions(&table("")), [] as [&str; 0]);
    assert_eq!(shape::long_functions(&table("_ => { step(); \"x\" }\n")), ["table (65 lines)"]);
}

#[test]
fn logic_in_a_mod_file_is_found() {
    let first = |text| SourceFile::parse("src/a/mod.rs", text).first_logic;
    assert_eq!(first("//! Doc.\nmod b;\npub use b::B;\n#[cfg(test)]\nmod tests { fn f() {} }\n"), None);
    assert_eq!(first("mod b;\n\nfn f() {}\n"), Some(3));
    assert_eq!(first("mod b;\nimpl b::B {}\n"), Some(2));
}
