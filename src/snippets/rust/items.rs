//! The function that returns the items.

use unicode_width::UnicodeWidthStr;

use crate::snippets::rust::layout::{array, literal};
use crate::snippets::shape::{ItemSource, TaskShape};
use crate::snippets::wording::grouped;

/// Greatest width of a path that stands where it is read, in columns.
const LONGEST_PATH: usize = 60;

/// Returns the function `items`, which reads them from where the user keeps them.
pub(super) fn function(shape: &TaskShape) -> String {
    match &shape.items {
        ItemSource::Numbers | ItemSource::Module { .. } => {
            let count = grouped(u128::from(shape.tasks));
            format!("fn items() -> io::Result<Vec<u64>> {{\n    Ok((0..{count}).collect())\n}}\n")
        }
        ItemSource::Listed(items) => format!(
            "{}\nfn items() -> io::Result<Vec<String>> {{\n    Ok(ITEMS.map(String::from).to_vec())\n}}\n",
            array("ITEMS", items)
        ),
        ItemSource::Arguments => "\
/// The arguments of this program.
fn items() -> io::Result<Vec<String>> {
    Ok(env::args().skip(1).collect())
}
"
        .to_owned(),
        ItemSource::File(path) if literal(path).width() <= LONGEST_PATH => {
            lines(&format!("fs::read_to_string({})?", literal(path)), "")
        }
        ItemSource::File(path) => format!(
            "#[rustfmt::skip]\nconst FILE: &str = {};\n\n{}",
            literal(path),
            lines("fs::read_to_string(FILE)?", "")
        ),
        ItemSource::StandardInput => {
            lines("io::read_to_string(io::stdin())?", "/// The lines of standard input.\n")
        }
    }
}

/// Returns the function for items that are the lines of a text.
fn lines(text: &str, comment: &str) -> String {
    format!(
        "{comment}fn items() -> io::Result<Vec<String>> {{
    let text = {text};
    let text = text.trim_start_matches('\\u{{feff}}');
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    Ok(lines.map(String::from).collect())
}}
"
    )
}
