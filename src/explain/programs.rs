//! The programs that topics show, and the pairs that show an error and its remedy.

use include_dir::{Dir, include_dir};

/// Programs of topics.
static PROGRAMS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/explain/programs");

/// Programs that show an error (`NAME_wrong.py`) and the same without it (`NAME_right.py`).
static FIXES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/explain/errors/fixes");

/// Start and end of a line of a topic that shows a program.
const LINK: (&str, &str) = ("](../programs/", ")");

/// Returns the program of a file name.
pub(crate) fn program(name: &str) -> Option<&'static str> {
    PROGRAMS.get_file(name)?.contents_utf8()
}

/// Returns the program of a pair: `right` or `wrong`.
pub(super) fn fix(name: &str, side: &str) -> Option<&'static str> {
    FIXES.get_file(format!("{name}_{side}.py"))?.contents_utf8()
}

/// Returns the file names of the programs that a topic shows, in its order.
pub(super) fn shown(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(linked)
}

/// Returns the language of a program by its file name.
pub(super) fn language(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "rs")) => "rust",
        Some((_, "sh")) => "sh",
        _ => "python",
    }
}

/// Returns a topic with its programs in place of the links to them.
pub(super) fn expanded(text: &str) -> String {
    let line = |line: &str| match linked(line).and_then(|name| Some((name, program(name)?))) {
        Some((name, program)) => format!("```{}\n{program}```\n", language(name)),
        None => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}

/// Returns the file name of the program that a line shows.
fn linked(line: &str) -> Option<&str> {
    let (_, rest) = line.strip_prefix('[')?.split_once(LINK.0)?;
    rest.strip_suffix(LINK.1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::explain::topic::TOPICS;

    #[test]
    fn every_program_is_shown_by_a_topic_and_every_link_has_its_program() {
        let files: BTreeSet<_> = PROGRAMS.files().filter_map(|file| file.path().to_str()).collect();
        let linked: BTreeSet<_> = TOPICS.iter().flat_map(|topic| shown(topic.text)).collect();
        assert_eq!(files, linked);
    }

    #[test]
    fn a_link_becomes_the_program() {
        let text = expanded("one\n[fan_out.py](../programs/fan_out.py)\ntwo [x](../programs/y) three\n");
        assert!(text.starts_with("one\n```python\n\"\"\"Starts all requests"), "{text}");
        assert!(text.ends_with("```\ntwo [x](../programs/y) three\n"), "{text}");
    }
}
