//! Autocorrelation of a series, and the number of independent observations that the series is worth.

/// Upper limit of a correlation: above it, a short series looks like a trend.
const MAX_CORRELATION: f64 = 0.95;

/// Returns the correlation of each number with its predecessor, from -1 to 1.
///
/// The correlation of equal numbers, or of fewer than three, is 0.
///
/// The usual estimate is too small in short series by about (1 + 3ρ)/n (Marriott and Pope, Biometrika 41
/// (1954), 390–402; Kendall, ibid., 403–404), which is corrected here.
pub(crate) fn lag1(xs: &[f64]) -> f64 {
    if xs.len() < 3 {
        return 0.0;
    }
    let n = xs.len() as f64;
    let mean = xs.iter().sum::<f64>() / n;
    let squares: f64 = xs.iter().map(|x| (x - mean).powi(2)).sum();
    if squares <= mean * mean * f64::EPSILON {
        return 0.0;
    }
    let products: f64 = xs.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
    let seen = products / squares;
    (seen + (1.0 + 3.0 * seen) / n).clamp(-1.0, 1.0)
}

/// Returns the effective sample size for the mean, between 1 and n.
///
/// The formula is n·(1 − ρ)/(1 + ρ), for a first-order autoregression (Bayley and Hammersley, J. R. Stat. Soc.
/// 8 (1946), 184–197).
pub(crate) fn effective_count(xs: &[f64]) -> f64 {
    let n = xs.len() as f64;
    let correlation = lag1(xs).clamp(0.0, MAX_CORRELATION);
    (n * (1.0 - correlation) / (1.0 + correlation)).max(1.0f64.min(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    /// Returns a first-order autoregression of uniform numbers.
    fn autoregression(n: usize, correlation: f64, random: &mut StdRng) -> Vec<f64> {
        let mut last = 0.0;
        let mut next = || {
            last = correlation * last + random.random_range(-1.0..1.0);
            last
        };
        // The beginning still depends on the starting value.
        (0..50).for_each(|_| {
            next();
        });
        (0..n).map(|_| next()).collect()
    }

    #[test]
    fn it_is_numpys_corrected_for_short_series() {
        // numpy: m = z - mean(z); r = sum(m[1:] * m[:-1]) / sum(m**2); r + (1 + 3 * r) / n.
        let z = [1.0, 2.0, 4.0, 3.0, 5.0, 6.0, 8.0, 7.0, 9.0, 10.0];
        assert!((lag1(&z) - 0.915_454_545_5).abs() < 1e-9, "{}", lag1(&z));
        assert_eq!(lag1(&[1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0]), -1.0);
        assert_eq!((lag1(&[5.0; 9]), lag1(&[1.0, 2.0]), lag1(&[])), (0.0, 0.0, 0.0));
    }

    #[test]
    fn in_the_mean_it_is_that_of_the_process() {
        let mut random = StdRng::seed_from_u64(1);
        for correlation in [0.0, 0.4, 0.75] {
            let seen =
                (0..400).map(|_| lag1(&autoregression(40, correlation, &mut random))).sum::<f64>() / 400.0;
            assert!((seen - correlation).abs() < 0.04, "{seen} for {correlation}");
        }
    }

    #[test]
    fn the_count_says_how_far_the_mean_wanders() {
        let mut random = StdRng::seed_from_u64(2);
        for correlation in [0.0, 0.5, 0.8] {
            let draws: Vec<Vec<f64>> =
                (0..600).map(|_| autoregression(60, correlation, &mut random)).collect();
            let mean = |xs: &[f64]| xs.iter().sum::<f64>() / xs.len() as f64;
            let variance = |xs: &[f64]| mean(&xs.iter().map(|x| (x - mean(xs)).powi(2)).collect::<Vec<_>>());
            let of_means = variance(&draws.iter().map(|xs| mean(xs)).collect::<Vec<_>>());
            let single = draws.iter().map(|xs| variance(xs)).sum::<f64>() / draws.len() as f64;
            let told = draws.iter().map(|xs| effective_count(xs)).sum::<f64>() / draws.len() as f64;
            let truth = single / of_means;
            assert!((told / truth).ln().abs() < 0.4, "{told:.1} told, {truth:.1} true, at {correlation}");
        }
    }

    #[test]
    fn numbers_that_alternate_count_as_what_they_are() {
        assert_eq!(effective_count(&[1.0, -1.0, 1.0, -1.0]), 4.0);
        assert_eq!(effective_count(&[]), 0.0);
        assert_eq!(effective_count(&[2.0]), 1.0);
        let trend: Vec<f64> = (0..50).map(f64::from).collect();
        assert!((1.0..3.0).contains(&effective_count(&trend)));
    }
}
