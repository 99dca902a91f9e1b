//! Widths that are known to be too great or too small, and the time of the next try on either side.

use crate::job::width::constants::AGAIN;
use crate::job::width::tries::{Due, Kind, between};

/// What tries have said.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Bracket {
    /// A greater width that was not faster.
    too_wide: Option<usize>,
    /// A narrower width that was slower.
    too_narrow: Option<usize>,
    wider: Due,
    narrower: Due,
}

impl Bracket {
    /// Forgets everything: the world has changed.
    pub(super) fn forget(&mut self) {
        *self = Bracket::default();
    }

    /// Returns the greater width to try, if it is time.
    ///
    /// That is the double, or the middle between `width` and one that was too wide. Once they are near, it is somewhat
    /// more than `width`, in case the world has changed.
    pub(super) fn wider(&self, width: usize, now_s: f64) -> Option<usize> {
        if !self.wider.is_now(now_s) {
            return None;
        }
        let again = || (width as f64 * AGAIN).ceil() as usize;
        Some(self.too_wide.map_or(width * 2, |wide| between(width, wide).unwrap_or_else(again)))
    }

    /// Returns whether a narrower width may be tried.
    pub(super) fn is_narrower_due(&self, now_s: f64) -> bool {
        self.narrower.is_now(now_s)
    }

    /// Returns the narrower width that was slower.
    pub(super) fn too_narrow(&self) -> Option<usize> {
        self.too_narrow
    }

    /// Remembers that `width` was better than `from`.
    pub(super) fn keep(&mut self, kind: Kind, from: usize, width: usize) {
        match kind {
            Kind::Wider => {
                self.too_narrow = Some(from);
                // What was too wide once is not any more.
                self.too_wide = self.too_wide.filter(|wide| *wide > width);
            }
            Kind::Narrower | Kind::Failing => {
                self.too_wide = Some(from);
                self.too_narrow = self.too_narrow.filter(|narrow| *narrow < width);
            }
        }
        self.wider.now();
        self.narrower.now();
    }

    /// Remembers that `width` was no better, which cost `lost_s` seconds of work.
    pub(super) fn reject(&mut self, kind: Kind, width: usize, now_s: f64, lost_s: f64) {
        match kind {
            Kind::Wider => {
                self.too_wide = Some(width);
                self.wider.put_off(now_s, lost_s);
            }
            Kind::Narrower => {
                self.too_narrow = Some(width);
                self.narrower.put_off(now_s, lost_s);
            }
            Kind::Failing => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_wider_try_lies_below_what_was_too_wide_and_later_beyond_it() {
        let mut bracket = Bracket::default();
        assert_eq!(bracket.wider(8, 0.0), Some(16));
        bracket.reject(Kind::Wider, 16, 0.0, 0.0);
        assert_eq!(bracket.wider(8, 0.0), None, "a rejected try is put off");
        assert_eq!(bracket.wider(8, 100.0), Some(11));
        bracket.reject(Kind::Wider, 9, 100.0, 0.0);
        assert_eq!(bracket.wider(8, 1000.0), Some(12), "once near, it looks whether the world has changed");
        bracket.keep(Kind::Wider, 8, 12);
        assert_eq!(bracket.wider(12, 1000.0), Some(24), "what was too wide is not any more");
    }

    #[test]
    fn a_narrower_width_that_is_kept_bounds_the_wider_ones() {
        let mut bracket = Bracket::default();
        bracket.reject(Kind::Narrower, 8, 0.0, 0.0);
        assert_eq!(bracket.too_narrow(), Some(8));
        bracket.keep(Kind::Narrower, 64, 8);
        assert_eq!((bracket.too_narrow(), bracket.wider(8, 0.0)), (None, Some(23)));
    }
}
