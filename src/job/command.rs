//! A command line with places for the item, as in GNU parallel.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// A place in a command line that depends on the item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// `{}`: the item.
    Item,
    /// `{.}`: the item without the extension of its last component.
    WithoutExtension,
    /// `{/}`: the last component of the item.
    Base,
    /// `{//}`: the directory of the item, `.` if it names none.
    Directory,
    /// `{/.}`: the last component without its extension.
    BaseWithoutExtension,
    /// `{#}`: the number of the item, from 1.
    Number,
    /// `{%}`: the number of the slot that runs the item, from 1 to the width.
    Slot,
}

/// Every place as it is written; `{item}` is the spelling of workload files.
const SPELLINGS: [(&str, Place); 8] = [
    ("{}", Place::Item),
    ("{item}", Place::Item),
    ("{.}", Place::WithoutExtension),
    ("{/}", Place::Base),
    ("{//}", Place::Directory),
    ("{/.}", Place::BaseWithoutExtension),
    ("{#}", Place::Number),
    ("{%}", Place::Slot),
];

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Vec<u8>),
    Place(Place),
}

/// The item that a command line is rendered for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rendered<'a> {
    /// The bytes of the item.
    pub(crate) item: &'a [u8],
    /// The number of the item, from 1.
    pub(crate) number: u64,
    /// The number of the slot, from 1.
    pub(crate) slot: usize,
}

/// A program and its arguments with places in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandTemplate {
    words: Vec<Vec<Part>>,
}

impl CommandTemplate {
    /// Reads the words of a command line. The item is appended if `appends` and no place names it.
    pub(crate) fn new(words: &[OsString], appends: bool) -> Self {
        let mut words: Vec<Vec<Part>> = words.iter().map(|word| split(word.as_bytes())).collect();
        let has_place = words.iter().flatten().any(|part| matches!(part, Part::Place(_)));
        if appends && !has_place {
            words.push(vec![Part::Place(Place::Item)]);
        }
        CommandTemplate { words }
    }

    /// Makes words of places alone, as a shell line passes them.
    pub(crate) fn of_shell(line: String, places: &[Place]) -> Self {
        let text = |text: &str| vec![Part::Text(text.as_bytes().to_vec())];
        let mut words = vec![text("sh"), text("-c"), vec![Part::Text(line.into_bytes())]];
        if !places.is_empty() {
            words.push(text("sh"));
            words.extend(places.iter().map(|place| vec![Part::Place(*place)]));
        }
        CommandTemplate { words }
    }

    /// Returns the words for an item.
    pub(crate) fn render<'t>(&'t self, of: Rendered<'t>) -> impl Iterator<Item = OsString> + 't {
        self.words.iter().map(move |parts| {
            let mut word = Vec::new();
            for part in parts {
                match part {
                    Part::Text(text) => word.extend_from_slice(text),
                    Part::Place(place) => append(&mut word, *place, of),
                }
            }
            OsString::from_vec(word)
        })
    }

    /// Returns true if the program itself is the same for every item.
    pub(crate) fn program(&self) -> Option<&OsStr> {
        match self.words.first().map(Vec::as_slice) {
            Some([Part::Text(text)]) => Some(OsStr::from_bytes(text)),
            _ => None,
        }
    }
}

/// Finds the first place in a text: where it begins, how long it is written, and what it is.
pub(crate) fn find_place(text: &[u8]) -> Option<(usize, usize, Place)> {
    let braces = text.iter().enumerate().filter(|(_, byte)| **byte == b'{');
    braces.into_iter().find_map(|(at, _)| {
        let spelling = SPELLINGS.iter().find(|(spelling, _)| text[at..].starts_with(spelling.as_bytes()));
        spelling.map(|(spelling, place)| (at, spelling.len(), *place))
    })
}

fn split(word: &[u8]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut rest = word;
    while let Some((at, length, place)) = find_place(rest) {
        if at > 0 {
            parts.push(Part::Text(rest[..at].to_vec()));
        }
        parts.push(Part::Place(place));
        rest = &rest[at + length..];
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(Part::Text(rest.to_vec()));
    }
    parts
}

fn append(word: &mut Vec<u8>, place: Place, of: Rendered<'_>) {
    match place {
        Place::Item => word.extend_from_slice(of.item),
        Place::WithoutExtension => word.extend_from_slice(without_extension(of.item)),
        Place::Base => word.extend_from_slice(base(of.item)),
        Place::Directory => word.extend_from_slice(directory(of.item)),
        Place::BaseWithoutExtension => word.extend_from_slice(without_extension(base(of.item))),
        Place::Number => word.extend_from_slice(of.number.to_string().as_bytes()),
        Place::Slot => word.extend_from_slice(of.slot.to_string().as_bytes()),
    }
}

/// Cuts the last dot and what follows it, unless a slash follows.
fn without_extension(item: &[u8]) -> &[u8] {
    match item.iter().rposition(|byte| matches!(byte, b'.' | b'/')) {
        Some(at) if item[at] == b'.' && at + 1 < item.len() => &item[..at],
        _ => item,
    }
}

fn base(item: &[u8]) -> &[u8] {
    item.iter().rposition(|byte| *byte == b'/').map_or(item, |slash| &item[slash + 1..])
}

fn directory(item: &[u8]) -> &[u8] {
    match item.iter().rposition(|byte| *byte == b'/') {
        None => b".",
        Some(0) => b"/",
        Some(slash) => &item[..slash],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(words: &[&str], item: &[u8]) -> Vec<String> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let template = CommandTemplate::new(&words, true);
        let of = Rendered { item, number: 7, slot: 2 };
        template.render(of).map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn places_mean_what_they_mean_in_gnu_parallel() {
        let words = ["c", "{}", "{.}", "{/}", "{//}", "{/.}", "{#}", "{%}"];
        let expected = ["c", "a/b.c.gz", "a/b.c", "b.c.gz", "a", "b.c", "7", "2"];
        assert_eq!(rendered(&words, b"a/b.c.gz"), expected);
        assert_eq!(rendered(&words, b"plain"), ["c", "plain", "plain", "plain", ".", "plain", "7", "2"]);
        assert_eq!(rendered(&words, b"/x"), ["c", "/x", "/x", "x", "/", "x", "7", "2"]);
        assert_eq!(
            rendered(&["c", "{.}"], b"dir.d/file"),
            ["c", "dir.d/file"],
            "no extension of a directory"
        );
        assert_eq!(rendered(&["c", "{.}"], b"name."), ["c", "name."]);
    }

    #[test]
    fn a_place_may_be_anywhere_in_a_word_and_any_number_of_times() {
        assert_eq!(rendered(&["c", "-o={/.}.png:{}"], b"x/y.jpg"), ["c", "-o=y.png:x/y.jpg"]);
        assert_eq!(rendered(&["c", "{x}", "{", "}{}"], b"i"), ["c", "{x}", "{", "}i"]);
    }

    #[test]
    fn an_item_without_a_place_is_the_last_argument() {
        assert_eq!(rendered(&["echo", "x"], b"i j"), ["echo", "x", "i j"]);
        assert_eq!(rendered(&["echo", "{#}"], b"i"), ["echo", "7"]);
    }

    #[test]
    fn bytes_that_are_no_text_pass_unharmed() {
        let template = CommandTemplate::new(&["c".into(), "x{}".into()], true);
        let of = Rendered { item: b"\xff\n ", number: 1, slot: 1 };
        let words: Vec<OsString> = template.render(of).collect();
        assert_eq!(words[1].as_bytes(), b"x\xff\n ");
    }
}
