//! Words of a command line, quoted for a shell.

use crate::snippets::command::{Word, words};

/// Characters that mean nothing to any common shell, besides letters and digits.
const PLAIN: &str = "_@%+=:,./-";

/// The words of a command, and the text that stands for the item in them.
pub(in crate::snippets) struct Words<'a> {
    words: Vec<Word<'a>>,
    /// `{}`, or `{item}` where the command itself has `{}` in it.
    pub(in crate::snippets) place: &'static str,
}

impl<'a> Words<'a> {
    /// Parses a command.
    pub(in crate::snippets) fn new(argv: &'a [String]) -> Self {
        let words = words(argv);
        let has_braces = |word: &Word<'_>| pieces(word).iter().any(|piece| piece.contains("{}"));
        let place = if words.iter().any(has_braces) { "{item}" } else { "{}" };
        Words { words, place }
    }

    /// Returns true if some word depends on the item.
    pub(super) fn vary(&self) -> bool {
        self.words.iter().any(Word::varies)
    }

    /// Returns true if the program itself depends on the item.
    pub(super) fn program_varies(&self) -> bool {
        self.words.first().is_some_and(Word::varies)
    }

    /// Returns the words, each quoted where it must be.
    pub(in crate::snippets) fn quoted(&self) -> String {
        let words: Vec<_> = self.texts().map(|text| self.quote(&text)).collect();
        words.join(" ")
    }

    /// Returns true if a word means something to a shell.
    pub(super) fn need_quotes(&self) -> bool {
        self.texts().any(|text| self.quote(&text) != text)
    }

    /// Returns true if a word has text in it that GNU parallel would replace, such as `{1}` or `{.}`.
    pub(super) fn have_places_of_parallel(&self) -> bool {
        self.words.iter().flat_map(|word| pieces(word).to_vec()).any(has_place_of_parallel)
    }

    /// Returns the whole command as one word from which a shell that parallel starts gets the user's words.
    ///
    /// A quote after each brace hides what parallel would replace. The item stands outside quotes, because
    /// parallel quotes it itself.
    pub(super) fn hidden_from_parallel(&self) -> String {
        let hide = |piece: &&str| match *piece {
            "" => String::new(),
            piece if is_plain(piece) => piece.to_owned(),
            piece => in_quotes(piece).replace('{', "{''"),
        };
        let word = |word: &Word<'_>| match pieces(word).as_slice() {
            [""] => "''".to_owned(),
            pieces => pieces.iter().map(hide).collect::<Vec<_>>().join(self.place),
        };
        in_quotes(&self.words.iter().map(word).collect::<Vec<_>>().join(" "))
    }

    fn texts(&self) -> impl Iterator<Item = String> {
        self.words.iter().map(|word| pieces(word).join(self.place))
    }

    /// Quotes a word in which the place of the item needs no quotes.
    fn quote(&self, word: &str) -> String {
        let is_plain_beside_item = !word.is_empty() && word.split(self.place).all(is_plain);
        if is_plain_beside_item && !word.starts_with('=') { word.to_owned() } else { in_quotes(word) }
    }
}

/// Returns the text around the items of a word: one piece more than there are items.
fn pieces<'a>(word: &Word<'a>) -> Vec<&'a str> {
    match word {
        Word::Fixed(text) => vec![*text],
        Word::Item => vec!["", ""],
        Word::Mixed(pieces) => pieces.clone(),
    }
}

/// Quotes text for a shell, if it must be.
pub(in crate::snippets) fn quoted(text: &str) -> String {
    if !text.is_empty() && is_plain(text) && !text.starts_with('=') {
        text.to_owned()
    } else {
        in_quotes(text)
    }
}

/// Puts text into single quotes, inside of which only a single quote means something.
fn in_quotes(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || PLAIN.contains(c))
}

/// Returns true if `text` has braces that GNU parallel may take for one of its replacement strings.
fn has_place_of_parallel(text: &str) -> bool {
    text.split('{').skip(1).any(|after| {
        let is_name = after
            .find('}')
            .is_some_and(|end| after[..end].chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        is_name || after.starts_with(|c: char| c.is_ascii_digit() || "+-./#%=:".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    fn line(words: &[&str]) -> String {
        Words::new(&argv(words)).quoted()
    }

    #[test]
    fn only_what_means_something_to_a_shell_is_quoted() {
        assert_eq!(
            line(&["curl", "-sf", "https://example.org/{item}?a=1"]),
            "curl -sf 'https://example.org/{}?a=1'"
        );
        assert_eq!(line(&["convert", "{item}", "{item}.png"]), "convert {} {}.png");
        assert_eq!(line(&["echo", "it's", "", "$HOME", "=x", "~"]), r"echo 'it'\''s' '' '$HOME' '=x' '~'");
    }

    #[test]
    fn braces_of_the_command_itself_give_the_item_another_place() {
        assert_eq!(line(&["find", "{item}", "-exec", "ls", "{}", ";"]), "find {item} -exec ls '{}' ';'");
    }

    #[test]
    fn places_of_parallel_are_found_and_hidden() {
        for text in ["{}", "{.}", "{1}", "a{//}", "{= s/a/b/ =}", "{-1}", "{#}", "{choose_k}"] {
            assert!(has_place_of_parallel(text), "{text}");
        }
        for text in ["{print $1}", "{ ls; }", "a{", "}", "{\"a\": 1}"] {
            assert!(!has_place_of_parallel(text), "{text}");
        }
        let words = argv(&["grep", "[0-9]{1}", "a{item}b c"]);
        assert_eq!(
            Words::new(&words).hidden_from_parallel(),
            r#"'grep '\''[0-9]{'\'''\''1}'\'' a{}'\''b c'\'''"#
        );
    }
}
