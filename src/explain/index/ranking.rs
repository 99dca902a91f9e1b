//! The ranking of topics for a question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use crate::explain::index::phrases::is_number;
use crate::explain::index::tokens::{stem, words};
use crate::explain::index::vocabulary::{WORDS, meant};
use crate::explain::topic::{TOPICS, Topic};

/// Saturation of BM25: a word that occurs more often adds less and less (the usual value).
const K1: f64 = 1.2;

/// The parts of a topic: how much a word in it weighs, and how much a long part is discounted (b of BM25).
const FIELDS: [Field; 4] = [
    Field { weight: 4.0, length_discount: 0.3, text: |topic| names(topic) },
    Field { weight: 3.0, length_discount: 0.3, text: |topic| topic.title().to_owned() },
    Field { weight: 3.0, length_discount: 0.5, text: |topic| WORDS.asks(topic.name).join(" ") },
    Field { weight: 0.5, length_discount: 0.75, text: |topic| topic.prose() },
];

/// Weight of a word that means the same as one of the question.
const SAME_WEIGHT: f64 = 0.6;

/// Weight of a word that the question may mean, if it has a typing error.
const MEANT_WEIGHT: f64 = 0.85;

/// Weight of what the caller knows beside the question.
const HINT_WEIGHT: f64 = 0.35;

/// Weight of the only word of several that a topic has.
const LONE_WORD_WEIGHT: f64 = 0.7;

struct Field {
    weight: f64,
    length_discount: f64,
    text: fn(&Topic) -> String,
}

fn names(topic: &Topic) -> String {
    [&[topic.name], topic.aliases].concat().join(" ")
}

/// A topic that a question may be about.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::explain) struct Hit {
    /// The topic.
    pub(in crate::explain) topic: &'static Topic,
    /// The share of the question that the topic answers: 0 for nothing, towards 1 for all of it.
    pub(in crate::explain) score: f64,
}

/// The words of all topics.
struct Index {
    /// For each topic, the weighted frequency of each stem.
    topics: Vec<(&'static Topic, BTreeMap<String, f64>)>,
    /// Number of topics that have each stem.
    spread: BTreeMap<String, usize>,
    /// Words as they are written, to compare typing errors with.
    written: BTreeSet<String>,
}

static INDEX: LazyLock<Index> = LazyLock::new(Index::new);

/// Returns the topics that share a word with the question, the nearest first. `hints` are words that the caller knows beside the
/// question.
pub(in crate::explain) fn rank(question: &str, hints: &str) -> Vec<Hit> {
    INDEX.rank(question, hints)
}

/// A word of a question: the stems that it may be found by, each with its weight.
type QueryTerm = BTreeMap<String, f64>;

impl Index {
    fn new() -> Self {
        let mut topics: Vec<_> = TOPICS.iter().map(|topic| (topic, BTreeMap::new())).collect();
        let mut written = BTreeSet::new();
        for field in &FIELDS {
            let texts: Vec<String> = TOPICS.iter().map(field.text).collect();
            let stems: Vec<Vec<String>> = texts.iter().map(|text| WORDS.stems(text)).collect();
            written.extend(texts.iter().flat_map(|text| WORDS.telling(text)));
            let mean_length = stems.iter().map(Vec::len).sum::<usize>() as f64 / stems.len() as f64;
            for ((_, frequencies), stems) in topics.iter_mut().zip(stems) {
                let length = stems.len() as f64 / mean_length.max(1.0);
                let weight = field.weight / (1.0 - field.length_discount + field.length_discount * length);
                for stem in stems {
                    *frequencies.entry(stem).or_insert(0.0) += weight;
                }
            }
        }
        let mut spread = BTreeMap::new();
        for (_, frequencies) in &topics {
            for stem in frequencies.keys() {
                *spread.entry(stem.clone()).or_insert(0) += 1;
            }
        }
        Index { topics, spread, written }
    }

    fn rank(&self, question: &str, hints: &str) -> Vec<Hit> {
        let terms: Vec<QueryTerm> = self.terms(question);
        let hints: Vec<QueryTerm> = self.terms(hints);
        let total: f64 = terms.iter().map(|term| self.rarity(term)).sum();
        // One word in common may be chance.
        let doubt = |found: usize| if found == 1 && terms.len() > 1 { LONE_WORD_WEIGHT } else { 1.0 };
        let score = |frequencies: &BTreeMap<String, f64>| {
            let scores = |terms: &[QueryTerm]| {
                terms.iter().map(|term| self.score(term, frequencies)).collect::<Vec<_>>()
            };
            let found: Vec<f64> = scores(&terms).into_iter().filter(|score| *score > 0.0).collect();
            // A hint decides between topics, but finds none.
            let hinted = if found.is_empty() { 0.0 } else { scores(&hints).iter().sum() };
            (found.iter().sum::<f64>() * doubt(found.len()) + HINT_WEIGHT * hinted)
                / total.max(f64::MIN_POSITIVE)
        };
        let scored = self.topics.iter().map(|(topic, found)| Hit { topic, score: score(found).min(1.0) });
        let mut hits: Vec<Hit> = scored.filter(|hit| hit.score > 0.0).collect();
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
        hits
    }

    fn terms(&self, text: &str) -> Vec<QueryTerm> {
        let mut seen = BTreeSet::new();
        let mut terms = Vec::new();
        for name in WORDS.rephrased(text).split_whitespace() {
            // The whole of a name of several words counts if it is known; else its parts do.
            let words = words(name);
            let whole =
                words.first().filter(|whole| words.len() > 1 && self.spread.contains_key(&stem(whole)));
            let parts = match whole {
                Some(whole) => vec![whole.clone()],
                None => WORDS.telling(&words[usize::from(words.len() > 1)..].join(" ")).collect(),
            };
            terms.extend(
                parts
                    .into_iter()
                    .filter(|word| !is_number(word) || self.spread.contains_key(&stem(word)))
                    .filter(|word| seen.insert(stem(word)))
                    .map(|word| self.term(&word)),
            );
        }
        terms
    }

    fn term(&self, word: &str) -> QueryTerm {
        let mut term = QueryTerm::new();
        let own = stem(word);
        let is_known = self.spread.contains_key(&own) || WORDS.grouped().any(|stem| stem == own);
        let meant = if is_known { Vec::new() } else { meant(word, self.written.iter().map(String::as_str)) };
        let stems = meant.iter().map(|word| (stem(word), MEANT_WEIGHT)).chain([(own, 1.0)]);
        for (stem, weight) in stems {
            for same in WORDS.same(&stem) {
                raise(&mut term, same, weight * SAME_WEIGHT);
            }
            raise(&mut term, &stem, weight);
        }
        term
    }

    /// Returns how much a word of the question tells topics apart (the inverse document frequency of BM25).
    fn rarity(&self, term: &QueryTerm) -> f64 {
        let topics = self.topics.len() as f64;
        let rarity = |spread: f64| (1.0 + (topics - spread + 0.5) / (spread + 0.5)).ln();
        let known = term.keys().filter_map(|stem| self.spread.get(stem));
        // The rarest of what it may be found by; a word that no topic has is as rare as can be.
        known.min().map_or(rarity(0.0), |spread| rarity(*spread as f64))
    }

    fn score(&self, term: &QueryTerm, frequencies: &BTreeMap<String, f64>) -> f64 {
        let found = term.iter().filter_map(|(stem, weight)| {
            let frequency = frequencies.get(stem)?;
            Some(weight * frequency / (K1 + frequency))
        });
        self.rarity(term) * found.fold(0.0, f64::max)
    }
}

fn raise(term: &mut QueryTerm, stem: &str, weight: f64) {
    let known = term.entry(stem.to_owned()).or_insert(0.0);
    *known = known.max(weight);
}
