//! Widths that are tried: when, between which others, and how a comparison decides.

use crate::job::width::constants::{MAX_PAUSE_S, MIN_PAUSE_S, NEAR, SEARCH_SHARE};

/// A width that is being tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Try {
    /// The width to return to.
    pub(super) from: usize,
    /// The reason.
    pub(super) kind: Kind,
    /// Measurements beyond the first.
    pub(super) extensions: u32,
}

/// The reason why a width is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It may be faster.
    Wider,
    /// It may be as fast.
    Narrower,
    /// Less may fail.
    Failing,
}

/// When something may be tried next.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Due {
    /// The time, in seconds since the run began.
    pub(super) at_s: f64,
    pause_s: f64,
}

impl Due {
    /// Waits after a try that failed and cost `lost_s` seconds of work; each failure in a row doubles the pause.
    pub(super) fn put_off(&mut self, now_s: f64, lost_s: f64) {
        let paid_s = lost_s / SEARCH_SHARE;
        self.pause_s = (self.pause_s * 2.0).clamp(MIN_PAUSE_S, MAX_PAUSE_S).max(paid_s);
        self.at_s = now_s + self.pause_s;
    }

    /// Allows the next at once.
    pub(super) fn now(&mut self) {
        *self = Due::default();
    }
}

/// Returns the width in the middle of two; `None` if they are near.
pub(super) fn between(narrow: usize, wide: usize) -> Option<usize> {
    let (low, high) = (narrow as f64, wide as f64);
    let middle = (low * high).sqrt().round() as usize;
    (high > low * NEAR && middle > narrow && middle < wide).then_some(middle)
}

/// Returns whether `value` is above `bound`; `None` if noise explains either.
pub(super) fn decide(value: f64, bound: f64, noise: f64) -> Option<bool> {
    if value - noise > bound {
        Some(true)
    } else if value + noise < bound {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_decides_nothing() {
        assert_eq!(decide(0.3, 0.05, 0.1), Some(true));
        assert_eq!(decide(0.3, 0.05, 0.3), None);
        assert_eq!(decide(-0.2, 0.05, 0.1), Some(false));
    }

    #[test]
    fn the_middle_of_two_widths_lies_between_them() {
        assert_eq!((between(16, 64), between(2, 4)), (Some(32), Some(3)));
        assert_eq!((between(2, 3), between(30, 34)), (None, None));
    }

    #[test]
    fn failed_tries_are_made_less_often_and_costly_ones_hardly_ever() {
        let mut due = Due::default();
        due.put_off(10.0, 0.0);
        assert_eq!(due.at_s, 10.0 + MIN_PAUSE_S);
        due.put_off(20.0, 0.0);
        assert_eq!(due.at_s, 20.0 + 2.0 * MIN_PAUSE_S);
        due.put_off(30.0, 3.0);
        assert_eq!(due.at_s, 30.0 + 3.0 / SEARCH_SHARE);
        due.now();
        assert_eq!(due, Due::default());
    }
}
