//! "Did you mean": the known word that a misspelt one is closest to.

/// Longest word that is taken for a misspelt one, in bytes: the time grows with the square of the length.
const MAX_WORD_BYTES: usize = 200;

/// Returns the candidate closest to `word`, if it is close enough to be meant.
///
/// Close enough is one edit for every three letters, and always one: typing errors, not synonyms.
pub(crate) fn closest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > MAX_WORD_BYTES {
        return None;
    }
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(edits, candidate)| {
            *edits <= (word.chars().count().max(candidate.chars().count()) / 3).max(1)
        })
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, candidate)| candidate)
}

/// Returns a hint that names the closest candidate, if one is close, and then all of them.
pub(super) fn hint(word: &str, among: &str, candidates: &[&str]) -> String {
    let all = candidates.join(", ");
    match closest(word, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean '{candidate}'? {among} {all}"),
        None => format!("{among} {all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_finds_the_word_that_was_meant() {
        let words = ["sha256", "sort", "html-parse"];
        assert_eq!(closest("sha265", words), Some("sha256"));
        assert_eq!(closest("HTML_parse", words), Some("html-parse"));
        assert_eq!(closest("srot", words), Some("sort"));
    }

    #[test]
    fn a_word_far_from_all_others_finds_none() {
        assert_eq!(closest("quantum", ["sha256", "sort"]), None);
        assert_eq!(closest("", ["sha256", "sort"]), None);
        let (long, longer) = ("sort".repeat(50_000), "sort".repeat(50_001));
        assert_eq!(closest(&long, [longer.as_str()]), None, "it would take minutes");
    }

    #[test]
    fn hints_name_every_candidate() {
        assert_eq!(
            hint("srot", "it is one of", &["sort", "matmul"]),
            "did you mean 'sort'? it is one of sort, matmul"
        );
        assert_eq!(hint("x", "it is one of", &["sort", "matmul"]), "it is one of sort, matmul");
    }
}
