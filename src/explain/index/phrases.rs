//! Turns of phrase that stand for a word: "at the same time" says what "simultaneously" says, and none of its words do.

use serde::Deserialize;

/// The mark of a number in a phrase.
const NUMBER: &str = "#";

/// Numbers as words; "one" is not among them, because it rarely counts anything.
const NUMBER_WORDS: [&str; 14] = [
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "twenty", "fifty",
    "hundred", "n",
];

/// A turn of phrase.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "(String, String)")]
pub(super) struct Phrase {
    words: Vec<String>,
    meaning: String,
}

impl From<(String, String)> for Phrase {
    fn from((words, meaning): (String, String)) -> Self {
        Phrase { words: words.split(' ').map(str::to_owned).collect(), meaning }
    }
}

/// Returns true for a number in digits or as a word.
pub(super) fn is_number(word: &str) -> bool {
    let is_digits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    is_digits || NUMBER_WORDS.contains(&word)
}

/// Returns a text in which each phrase is replaced by what it means; the first phrase that fits counts.
pub(super) fn rephrased(text: &str, phrases: &[Phrase]) -> String {
    let written: Vec<&str> = text.split_whitespace().collect();
    let plain: Vec<String> = written.iter().map(|word| bare(word)).collect();
    let mut out = Vec::with_capacity(written.len());
    let mut at = 0;
    while at < written.len() {
        match phrases.iter().find(|phrase| phrase.is_at(&plain[at..])) {
            Some(phrase) => {
                out.push(phrase.meaning.as_str());
                at += phrase.words.len();
            }
            None => {
                out.push(written[at]);
                at += 1;
            }
        }
    }
    out.join(" ")
}

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

impl Phrase {
    fn is_at(&self, words: &[String]) -> bool {
        let fits = |(own, word): (&String, &String)| own == word || (own == NUMBER && is_number(word));
        words.len() >= self.words.len() && self.words.iter().zip(words).all(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_become_what_they_mean() {
        let phrase = |words: &str, meaning: &str| Phrase::from((words.to_owned(), meaning.to_owned()));
        let phrases = [phrase("at the same time", "simultaneously"), phrase("no more than #", "limit")];
        let said = |text| rephrased(text, &phrases);
        assert_eq!(said("run all at the same time?"), "run all simultaneously");
        assert_eq!(said("No more than 100 calls"), "limit calls");
        assert_eq!(said("no more than five calls"), "limit calls");
        assert_eq!(said("no more than usual"), "no more than usual");
        assert_eq!(said("ThreadPoolExecutor at the same"), "ThreadPoolExecutor at the same");
    }
}
