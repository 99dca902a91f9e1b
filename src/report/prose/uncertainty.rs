//! Intervals and effects, and the word for those that say nothing.

use crate::stats::interval::{is_informative, is_informative_effect};
use crate::units::Share;

/// Text in place of an interval that says nothing.
pub(crate) const UNKNOWN: &str = "unknown";

/// Returns the interval with each end written by `end`, or [`UNKNOWN`] if it says nothing.
pub(crate) fn interval(ends: [f64; 2], end: impl Fn(f64) -> String) -> String {
    if is_informative(ends) { format!("{}–{}", end(ends[0]), end(ends[1])) } else { UNKNOWN.to_owned() }
}

/// Returns the wider side of the interval as a share of `estimate`, or [`UNKNOWN`] if it says nothing.
pub(crate) fn margin(estimate: f64, ends: [f64; 2]) -> String {
    let [low, high] = ends;
    if is_informative(ends) && estimate > 0.0 {
        format!("±{}", Share((estimate - low).max(high - estimate) / estimate))
    } else {
        UNKNOWN.to_owned()
    }
}

/// Returns the smallest effect, a share, as text; `None` if it says nothing.
pub(crate) fn effect(share: f64) -> Option<String> {
    is_informative_effect(share)
        .then(|| if share < 1.0 { Share(share).to_string() } else { format!("{:.0}x", 1.0 + share) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::PerSecond;

    #[test]
    fn an_interval_that_says_nothing_is_unknown() {
        let told = |ends| interval(ends, |rate| PerSecond(rate).to_string());
        assert_eq!(told([1198.0, 1281.0]), "1 198–1 281");
        assert_eq!(told([0.001, 2_690_220_589.0]), UNKNOWN);
        assert_eq!(told([0.0, f64::INFINITY]), UNKNOWN);
        assert_eq!(margin(100.0, [97.0, 102.0]), "±3%");
        assert_eq!(margin(100.0, [1.0, 165_660_753.0]), UNKNOWN);
    }

    #[test]
    fn an_effect_that_says_nothing_is_left_out() {
        assert_eq!(effect(0.14).as_deref(), Some("14%"));
        assert_eq!(effect(2.2).as_deref(), Some("3x"));
        assert_eq!(effect(48_783_698_615_584.0), None);
    }
}
