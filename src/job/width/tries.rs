//! Widths that are tried: when, between which others, and how a comparison decides.

use crate::job::width::constants::{
    FREE, MAX_PAUSE_S, MIN_PAUSE_S, NEAR, PAUSE_SHARE, SEARCH_SHARE, SHARP, SURE, WORTH,
};

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

impl Try {
    /// Returns whether `width` is to be kept, by its goodput over that of the width before, and the standard error of
    /// that ratio; `None` if noise explains either.
    pub(super) fn verdict(&self, width: usize, ratio: f64, error: f64) -> Option<bool> {
        let noise = SURE * error;
        match self.kind {
            Kind::Wider => decide(ratio - 1.0, WORTH, noise),
            Kind::Narrower if error <= SHARP => Some(ratio >= 1.0 - FREE),
            Kind::Narrower => decide(ratio - 1.0, -FREE, noise),
            Kind::Failing => decide(ratio, self.kept(width), noise),
        }
    }

    /// Returns whether a width is kept whose verdict is still open: only where failures are at stake.
    pub(super) fn seems_better(&self, width: usize, ratio: f64) -> bool {
        self.kind == Kind::Failing && ratio >= self.kept(width)
    }

    /// Returns the share of the goodput that a narrower width must keep for failures to be blamed on the width: half
    /// of what would be lost if the goodput fell with the width.
    fn kept(&self, width: usize) -> f64 {
        (1.0 + width as f64 / self.from as f64) / 2.0
    }
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
    at_s: f64,
    pause_s: f64,
}

impl Due {
    /// Waits after a try that failed and cost `lost_s` seconds of work; each failure in a row doubles the pause.
    pub(super) fn put_off(&mut self, now_s: f64, lost_s: f64) {
        let paid_s = lost_s / SEARCH_SHARE;
        let longest_s = (now_s * PAUSE_SHARE).clamp(MIN_PAUSE_S, MAX_PAUSE_S);
        self.pause_s = (self.pause_s * 2.0).clamp(MIN_PAUSE_S, longest_s).max(paid_s);
        self.at_s = now_s + self.pause_s;
    }

    /// Returns whether it is time.
    pub(super) fn is_now(&self, now_s: f64) -> bool {
        now_s >= self.at_s
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
fn decide(value: f64, bound: f64, noise: f64) -> Option<bool> {
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
    fn failures_are_blamed_on_a_width_if_less_keeps_more_than_its_share() {
        let trying = Try { from: 64, kind: Kind::Failing, extensions: 0 };
        assert_eq!(trying.verdict(16, 0.9, 0.1), Some(true));
        assert_eq!(trying.verdict(16, 0.3, 0.1), Some(false), "a quarter of the width has about a quarter");
        assert_eq!((trying.verdict(16, 0.65, 0.1), trying.seems_better(16, 0.65)), (None, true));
    }

    #[test]
    fn the_middle_of_two_widths_lies_between_them() {
        assert_eq!((between(16, 64), between(2, 4)), (Some(32), Some(3)));
        assert_eq!((between(2, 3), between(30, 34)), (None, None));
    }

    #[test]
    fn failed_tries_are_made_less_often_and_costly_ones_hardly_ever() {
        let mut due = Due::default();
        due.put_off(100.0, 0.0);
        assert_eq!(due.at_s, 100.0 + MIN_PAUSE_S);
        due.put_off(200.0, 0.0);
        assert_eq!(due.at_s, 200.0 + 2.0 * MIN_PAUSE_S);
        due.put_off(300.0, 3.0);
        assert_eq!(due.at_s, 300.0 + 3.0 / SEARCH_SHARE);
        let mut early = Due::default();
        early.put_off(2.0, 0.0);
        early.put_off(2.0, 0.0);
        assert_eq!(early.at_s, 2.0 + MIN_PAUSE_S, "a young run does not wait for as long as it has lasted");
        due.now();
        assert_eq!(due, Due::default());
    }
}
