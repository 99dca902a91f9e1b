//! Reading of the items, as `conc` itself reads them.

use crate::snippets::python::layout::list;
use crate::snippets::python::literal::literal;
use crate::snippets::shape::{ItemSource, TaskShape};
use crate::snippets::template::fill;
use crate::snippets::wording::grouped;

/// The items of a program as Python source.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::snippets) struct ItemReader {
    /// The definition of the function that reads them, if there is one.
    pub(in crate::snippets) definition: Option<String>,
    /// The statement that assigns them, in a function.
    pub(in crate::snippets) statement: String,
    /// The sentence about them in the header, if there is one.
    pub(super) note: &'static str,
}

/// Returns the reader of the items.
pub(in crate::snippets) fn item_reader(shape: &TaskShape) -> ItemReader {
    const PREFIX: &str = "    items = ";
    let assigned =
        |value: &str| ItemReader { statement: format!("{PREFIX}{value}"), ..ItemReader::default() };
    let lines = |read: &str| {
        let definition = fill(include_str!("part/read_items.py.tmpl"), &[("READ", read)]);
        ItemReader { definition: Some(definition.trim_end().to_owned()), ..assigned("read_items()") }
    };
    match &shape.items {
        ItemSource::Numbers => assigned(&format!("range({})", grouped(u128::from(shape.tasks)))),
        ItemSource::Listed(texts) => {
            let words: Vec<_> = texts.iter().map(|text| literal(text)).collect();
            ItemReader { statement: list(PREFIX, &words), ..ItemReader::default() }
        }
        ItemSource::Arguments => {
            ItemReader { note: " Its arguments are the items.", ..assigned("sys.argv[1:]") }
        }
        ItemSource::File(path) => lines(&format!("Path({}).read_bytes()", literal(path))),
        ItemSource::StandardInput => ItemReader {
            note: " It reads its items from standard input.",
            ..lines("sys.stdin.buffer.read()")
        },
        ItemSource::Module { first: None } => assigned("list(source() if callable(source) else source)"),
        ItemSource::Module { first: Some(_) } => {
            assigned("list(islice(source() if callable(source) else source, MOST_ITEMS))")
        }
    }
}
