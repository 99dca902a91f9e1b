//! Words of questions and topics, as the index compares them.

use rust_stemmers::{Algorithm, Stemmer};

/// Names with signs in them, and the words that stand for them.
const SIGNS: [(&str, &str); 4] =
    [("i/o", "io"), ("ctrl+c", "ctrlc"), ("ctrl-c", "ctrlc"), ("c++", "cplusplus")];

/// Returns the words of a text in lower case. A name of several words, such as `ThreadPoolExecutor`, `run_in_executor` or
/// `work-stealing`, gives its parts and the whole.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for name in text.split_whitespace() {
        let lower = name.to_lowercase();
        match SIGNS.iter().find(|(sign, _)| lower.contains(sign)) {
            Some((sign, word)) => add_name(&lower.replace(sign, word), &mut words),
            None => add_name(name, &mut words),
        }
    }
    words
}

fn add_name(name: &str, words: &mut Vec<String>) {
    // An apostrophe belongs to its word: doesn't, it's.
    let name = name.replace('\u{2019}', "'");
    let parts: Vec<String> =
        name.split(|c: char| !c.is_alphanumeric() && c != '\'').flat_map(humps).collect();
    if parts.len() > 1 {
        words.push(parts.concat());
    }
    words.extend(parts);
}

/// Splits a name where a capital letter follows a small one; returns the parts in lower case.
fn humps(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_small = false;
    for letter in name.trim_matches('\'').chars() {
        if letter.is_uppercase() && is_small {
            parts.push(String::new());
        }
        is_small = letter.is_lowercase();
        parts.last_mut().expect("a part").extend(letter.to_lowercase());
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Returns the stem of a word, so that `pools` and `pool` are the same.
pub(super) fn stem(word: &str) -> String {
    Stemmer::create(Algorithm::English).stem(word).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_give_their_parts_and_the_whole() {
        assert_eq!(words("ThreadPoolExecutor"), ["threadpoolexecutor", "thread", "pool", "executor"]);
        assert_eq!(words("run_in work-stealing"), ["runin", "run", "in", "workstealing", "work", "stealing"]);
        assert_eq!(words("I/O-bound? Ctrl-C"), ["iobound", "io", "bound", "ctrlc"]);
        assert_eq!(words("doesn't 3.14t ???"), ["doesn't", "314t", "3", "14t"]);
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        assert_eq!(stem("pools"), stem("pool"));
        assert_eq!(stem("balancing"), stem("balance"));
    }
}
