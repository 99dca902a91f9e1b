//! The words of a command line, distinguished by their dependence on the item.

/// Text that stands for the item in a word of a command.
const PLACEHOLDER: &str = "{item}";

/// One word of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// A word without an item.
    Fixed(&'a str),
    /// The item and nothing else.
    Item,
    /// Text with the item between its pieces.
    Mixed(Vec<&'a str>),
}

impl<'a> Word<'a> {
    /// Parses one word.
    fn new(text: &'a str) -> Self {
        if text == PLACEHOLDER {
            Word::Item
        } else if text.contains(PLACEHOLDER) {
            Word::Mixed(text.split(PLACEHOLDER).collect())
        } else {
            Word::Fixed(text)
        }
    }

    /// Returns true if the word depends on the item.
    pub(super) fn varies(&self) -> bool {
        !matches!(self, Word::Fixed(_))
    }

    /// Returns the text of a format string of Rust or Python: braces doubled, `{item}` between the pieces.
    pub(super) fn format_text(pieces: &[&str]) -> String {
        let doubled: Vec<_> = pieces.iter().map(|p| p.replace('{', "{{").replace('}', "}}")).collect();
        doubled.join(PLACEHOLDER)
    }
}

/// Parses the program and the arguments.
pub(super) fn words(argv: &[String]) -> Vec<Word<'_>> {
    argv.iter().map(|word| Word::new(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart() {
        let argv = ["curl", "{item}", "a{item}b{item}"].map(String::from).to_vec();
        assert_eq!(words(&argv), [Word::Fixed("curl"), Word::Item, Word::Mixed(vec!["a", "b", ""])]);
    }

    #[test]
    fn braces_of_the_user_are_no_places() {
        assert_eq!(Word::format_text(&["{}", "}"]), "{{}}{item}}}");
    }
}
