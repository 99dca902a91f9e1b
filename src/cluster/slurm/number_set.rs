//! A set of numbers of items that are close together: a million take a third of a megabyte.

use std::collections::BTreeMap;

/// A set of numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NumberSet {
    /// One bit for each of 64 neighbours.
    words: BTreeMap<u64, u64>,
    length: u64,
}

impl NumberSet {
    /// Adds a number; returns false if it was there.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        let word = self.words.entry(number / 64).or_default();
        let before = std::mem::replace(word, *word | bit(number));
        let is_new = *word != before;
        self.length += u64::from(is_new);
        is_new
    }

    /// Removes a number; returns false if it was not there.
    pub(crate) fn remove(&mut self, number: u64) -> bool {
        if !self.contains(number) {
            return false;
        }
        if let Some(word) = self.words.get_mut(&(number / 64)) {
            *word &= !bit(number);
            if *word == 0 {
                self.words.remove(&(number / 64));
            }
        }
        self.length -= 1;
        true
    }

    /// Returns true if a number is there.
    pub(crate) fn contains(&self, number: u64) -> bool {
        self.words.get(&(number / 64)).is_some_and(|word| word & bit(number) != 0)
    }

    /// Returns how many numbers there are.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Returns how many numbers both sets have.
    pub(crate) fn common(&self, other: &NumberSet) -> u64 {
        let common = |(at, word): (&u64, &u64)| other.words.get(at).map_or(0, |other| word & other);
        self.words.iter().map(|entry| u64::from(common(entry).count_ones())).sum()
    }

    /// Adds all numbers of another set.
    pub(crate) fn add_all(&mut self, other: &NumberSet) {
        for (at, more) in &other.words {
            let word = self.words.entry(*at).or_default();
            self.length += u64::from((more & !*word).count_ones());
            *word |= more;
        }
    }
}

impl FromIterator<u64> for NumberSet {
    fn from_iter<I: IntoIterator<Item = u64>>(numbers: I) -> Self {
        let mut set = NumberSet::default();
        for number in numbers {
            set.insert(number);
        }
        set
    }
}

fn bit(number: u64) -> u64 {
    1 << (number % 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inserted_is_there_until_it_is_removed() {
        let mut set: NumberSet = [1, 63, 64, u64::MAX, 64].into_iter().collect();
        assert_eq!(set.length(), 4);
        assert!(!set.insert(63) && set.insert(65) && set.contains(65) && !set.contains(66));
        assert!(set.remove(64) && !set.remove(64) && !set.contains(64));
        assert_eq!(set, [1, 63, 65, u64::MAX].into_iter().collect());
        for number in [1, 63, 65, u64::MAX] {
            assert!(set.remove(number));
        }
        assert_eq!(set, NumberSet::default(), "empty words are gone");
    }

    #[test]
    fn sets_are_joined_and_compared() {
        let mut set: NumberSet = (1..=100).collect();
        let other: NumberSet = (90..=200).collect();
        assert_eq!((set.common(&other), other.common(&set)), (11, 11));
        set.add_all(&other);
        assert_eq!(set, (1..=200).collect());
    }
}
