//! The data of the kernels, generated so that it is equal in every process and on every machine.

/// Scrambles a number; the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
pub(super) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// Returns the output of an iteration, which depends on its input and on its result.
pub(super) fn chain(input: u64, found: u64) -> u64 {
    mix(input.rotate_left(32) ^ mix(found))
}

/// The SplitMix64 sequence: fast, and fixed for ever, which library generators do not promise.
#[derive(Debug)]
pub(super) struct Sequence {
    state: u64,
}

impl Sequence {
    pub(super) fn new(seed: u64) -> Self {
        Sequence { state: seed }
    }

    /// Returns a number below `bound`; the bias of the remainder does not matter for test data.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next_number() % bound as u64) as usize
    }

    /// Returns a word of English, the frequent ones more often.
    pub(super) fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len()).min(self.below(WORDS.len()))]
    }

    /// Returns a sentence of 4 to 15 words.
    pub(super) fn sentence(&mut self) -> String {
        let words: Vec<_> = (0..4 + self.below(12)).map(|_| self.word()).collect();
        words.join(" ") + "."
    }

    fn next_number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }
}

impl Iterator for Sequence {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        Some(self.next_number())
    }
}

/// ASCII only, so that text may be cut anywhere.
const WORDS: [&str; 48] = [
    "the",
    "of",
    "and",
    "to",
    "in",
    "that",
    "is",
    "for",
    "with",
    "as",
    "on",
    "by",
    "this",
    "from",
    "which",
    "one",
    "work",
    "task",
    "time",
    "many",
    "between",
    "server",
    "worker",
    "queue",
    "thread",
    "measure",
    "answer",
    "request",
    "process",
    "memory",
    "waiting",
    "running",
    "parallel",
    "together",
    "machine",
    "because",
    "throughput",
    "latency",
    "schedule",
    "computer",
    "scale",
    "limit",
    "concurrent",
    "contention",
    "coherence",
    "interleave",
    "asynchronous",
    "experiment",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        // The first outputs of SplitMix64 for the seed 1234567.
        let first: Vec<u64> = Sequence::new(1_234_567).take(3).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn a_chain_depends_on_both_of_its_links() {
        assert_ne!(chain(1, 7), chain(2, 7));
        assert_ne!(chain(1, 7), chain(1, 8));
        assert_ne!(chain(1, 2), chain(2, 1));
    }

    #[test]
    fn text_is_ascii_and_repeats_with_its_seed() {
        let text = Sequence::new(5).sentence();
        assert!(text.is_ascii() && text.ends_with('.'));
        assert_eq!(text, Sequence::new(5).sentence());
    }
}
