//! Looking at data more than once while it comes in.
//!
//! Whoever looks five times at chance finds more than once what one look finds. The level is spent
//! over the looks instead: a part of it at each (Lan and DeMets, Biometrika 70 (1983), 659–663), here by
//! Bonferroni's inequality, which holds whatever the reason to go on or to stop was.

/// Numbers of pairs after which it is decided whether to go on.
pub const LOOKS: [usize; 5] = [20, 40, 60, 80, 100];

/// The share of the level that each look may spend. Most differences are seen at the first look.
const SHARES: [f64; 5] = [0.5, 0.125, 0.125, 0.125, 0.125];

/// The share of the level that may be spent after `n` pairs, where the looks before were at [`LOOKS`].
///
/// All of it before the first look: time was over, whatever had been seen.
pub fn share_of_level(n: usize) -> f64 {
    if n < LOOKS[0] {
        return 1.0;
    }
    let look = LOOKS.iter().position(|look| n <= *look).unwrap_or(LOOKS.len() - 1);
    SHARES[look]
}

/// The p-value that counts all looks, from that of the look after `n` pairs alone.
///
/// However often it was looked and whatever made it stop, the probability that it is no larger than α is
/// no larger than α.
pub fn p_over_looks(p: f64, n: usize) -> f64 {
    (p / share_of_level(n)).min(1.0)
}

/// Whether it is time for a look.
pub fn is_look(n: usize) -> bool {
    LOOKS.contains(&n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_level_is_spent_and_no_more() {
        assert!((SHARES.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert_eq!(LOOKS.map(share_of_level), SHARES);
    }

    #[test]
    fn time_that_runs_out_between_looks_spends_what_the_next_one_would() {
        assert_eq!(share_of_level(12), 1.0);
        assert_eq!(share_of_level(33), share_of_level(40));
        assert_eq!(share_of_level(1000), share_of_level(100));
        assert_eq!(p_over_looks(0.003, 20), 0.006);
        assert_eq!(p_over_looks(0.7, 40), 1.0);
    }
}
