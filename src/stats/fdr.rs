//! Control of the false discovery rate over many tests.

/// Returns for each hypothesis true if it is rejected at a false discovery rate of `q` (Benjamini and
/// Hochberg, J. R. Stat. Soc. B 57 (1995), 289–300).
///
/// The rate holds for tests that are independent or positively dependent (Benjamini and Yekutieli, Ann. Stat.
/// 29 (2001), 1165–1188), as the throughput and the latency of a workload are.
pub(crate) fn benjamini_hochberg(p_values: &[f64], q: f64) -> Vec<bool> {
    let mut sorted = p_values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tests = sorted.len() as f64;
    let mut ranked = sorted.iter().enumerate().filter(|(i, p)| **p <= q * (i + 1) as f64 / tests);
    let limit = ranked.next_back().map_or(f64::NEG_INFINITY, |(_, p)| *p);
    p_values.iter().map(|p| *p <= limit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_paper_rejects_four() {
        // Section 3.2 of Benjamini and Hochberg (1995): 15 tests at q = 0.05, of which Bonferroni rejects three.
        let p = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
            0.6528, 0.7590, 1.0,
        ];
        let rejected = benjamini_hochberg(&p, 0.05);
        assert_eq!(rejected.iter().filter(|r| **r).count(), 4);
        assert!(rejected[..4].iter().all(|r| *r));
    }

    #[test]
    fn a_large_value_is_rejected_along_with_larger_ones_that_are() {
        // scipy.stats.false_discovery_control([0.03, 0.04, 0.04]) gives 0.04 for each.
        assert_eq!(benjamini_hochberg(&[0.03, 0.04, 0.04], 0.04), [true, true, true]);
        assert_eq!(benjamini_hochberg(&[0.03, 0.04, 0.05], 0.04), [false, false, false]);
        assert_eq!(benjamini_hochberg(&[], 0.05), [] as [bool; 0]);
    }

    proptest! {
        #[test]
        fn it_rejects_what_bonferroni_does_and_nothing_above_q(
            p in prop::collection::vec(0.0f64..1.0, 1..60), q in 0.001f64..0.2,
        ) {
            let tests = p.len() as f64;
            for (p, rejected) in p.iter().zip(benjamini_hochberg(&p, q)) {
                prop_assert!(rejected || *p > q / tests);
                prop_assert!(!rejected || *p <= q);
            }
        }

        #[test]
        fn a_smaller_value_never_makes_fewer_rejections(
            p in prop::collection::vec(0.0f64..0.1, 1..40), which: prop::sample::Index,
        ) {
            let count = |p: &[f64]| benjamini_hochberg(p, 0.05).into_iter().filter(|r| *r).count();
            let mut smaller = p.clone();
            smaller[which.index(p.len())] /= 10.0;
            prop_assert!(count(&smaller) >= count(&p));
        }
    }
}
