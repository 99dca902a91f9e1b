//! The words that the index knows: those left out, those that mean the same, and typing errors of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::explain::index::phrases::{self, Phrase};
use crate::explain::index::tokens::{stem, words};

/// Minimum letters of a word in which two letters may have changed places.
const MIN_LETTERS_SWAP: usize = 4;

/// Minimum letters of a word in which one typing error is forgiven; shorter words have too many neighbours.
const MIN_LETTERS_ONE_ERROR: usize = 5;

/// Minimum letters of a word in which two typing errors are forgiven.
const MIN_LETTERS_TWO_ERRORS: usize = 8;

/// The data about words.
#[derive(Deserialize)]
struct WordsFile {
    ignored: String,
    same: Vec<String>,
    phrases: Vec<Phrase>,
    topics: BTreeMap<String, Vec<String>>,
}

/// The data about words, with their stems.
pub(super) struct Words {
    ignored: BTreeSet<String>,
    /// Groups of stems that stand for one another.
    same: Vec<BTreeSet<String>>,
    /// Turns of phrase.
    phrases: Vec<Phrase>,
    /// Other ways to ask for each topic.
    asks: BTreeMap<String, Vec<String>>,
}

/// The words, read once.
pub(super) static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let file: WordsFile = toml::from_str(include_str!("words.toml")).expect("the file of words is valid");
    let group = |line: &String| line.split(' ').flat_map(words).map(|word| stem(&word)).collect();
    Words {
        ignored: file.ignored.split_whitespace().map(str::to_owned).collect(),
        same: file.same.iter().map(group).collect(),
        phrases: file.phrases,
        asks: file.topics,
    }
});

impl Words {
    /// Returns a text with words for its turns of phrase.
    pub(super) fn rephrased(&self, text: &str) -> String {
        phrases::rephrased(text, &self.phrases)
    }

    /// Returns the stems of the words in a text that say something.
    pub(super) fn stems(&self, text: &str) -> Vec<String> {
        self.telling(&self.rephrased(text)).map(|word| stem(&word)).collect()
    }

    /// Returns the words of a text that say something.
    pub(super) fn telling<'a>(&'a self, text: &str) -> impl Iterator<Item = String> + 'a {
        words(text).into_iter().filter(|word| !self.ignored.contains(word))
    }

    /// Returns the stems that stand for a stem, without itself.
    pub(super) fn same(&self, stem: &str) -> BTreeSet<&str> {
        let groups = self.same.iter().filter(|group| group.contains(stem));
        groups.flatten().map(String::as_str).filter(|other| *other != stem).collect()
    }

    /// Returns other ways to ask for a topic.
    pub(super) fn asks(&self, topic: &str) -> &[String] {
        self.asks.get(topic).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns the topics that have other ways to be asked for.
    #[cfg(test)]
    pub(super) fn topics(&self) -> impl Iterator<Item = &str> {
        self.asks.keys().map(String::as_str)
    }

    /// Returns every stem in the groups.
    pub(super) fn grouped(&self) -> impl Iterator<Item = &str> {
        self.same.iter().flatten().map(String::as_str)
    }
}

/// Returns the known words that `typed` probably means: those at the smallest number of typing errors, if that is small
/// for the length of the word.
pub(super) fn meant<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let letters = typed.chars().count();
    let errors = match letters {
        0..MIN_LETTERS_SWAP => return Vec::new(),
        MIN_LETTERS_SWAP..MIN_LETTERS_TWO_ERRORS => 1,
        _ => 2,
    };
    // The first letter is hardly ever wrong, and words with another one mean something else.
    let starts_alike = |word: &&str| word.chars().next() == typed.chars().next();
    let is_swap = |word: &&str| letters >= MIN_LETTERS_ONE_ERROR || sorted(word) == sorted(typed);
    let distances =
        known.filter(starts_alike).filter(is_swap).map(|word| (strsim::osa_distance(typed, word), word));
    let near: Vec<_> = distances.filter(|(distance, _)| *distance <= errors).collect();
    let Some(least) = near.iter().map(|(distance, _)| *distance).min() else { return Vec::new() };
    near.into_iter().filter(|(distance, _)| *distance == least).map(|(_, word)| word).collect()
}

fn sorted(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_forgiven_by_the_length_of_the_word() {
        let known = ["race", "semaphore", "rate", "retry"];
        let meant = |typed| meant(typed, known.into_iter());
        assert_eq!(meant("raec"), ["race"]);
        assert_eq!(meant("semafore"), ["semaphore"]);
        assert_eq!(meant("grate"), [] as [&str; 0]);
        assert_eq!(meant("rat"), [] as [&str; 0]);
        assert_eq!(meant("rite"), [] as [&str; 0], "too short to be sure");
    }

    #[test]
    fn words_without_a_meaning_are_left_out() {
        assert_eq!(WORDS.stems("how do I use the pools?"), ["pool"]);
    }

    #[test]
    fn words_of_a_group_stand_for_one_another() {
        assert!(WORDS.same(&stem("mutex")).contains("lock"));
        assert!(WORDS.same("nothing").is_empty());
    }
}
