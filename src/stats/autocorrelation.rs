//! How much numbers say that resemble the ones before them.

/// Correlations above this cannot be told from a trend in a short series.
const MOST: f64 = 0.95;

/// Correlation of each number with the one before it, from -1 to 1; 0 where numbers do not differ or there
/// are fewer than three.
///
/// The usual estimate is too small in short series by about (1 + 3ρ)/n (Marriott and Pope, Biometrika 41
/// (1954), 390–402; Kendall, ibid., 403–404), which is corrected here.
pub fn lag1(xs: &[f64]) -> f64 {
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

/// How many independent numbers say as much about the mean as these do: n·(1 − ρ)/(1 + ρ), for a first-order
/// autoregression (Bayley and Hammersley, J. R. Stat. Soc. 8 (1946), 184–197). Between 1 and n.
pub fn effective_count(xs: &[f64]) -> f64 {
    let n = xs.len() as f64;
    let correlation = lag1(xs).clamp(0.0, MOST);
    (n * (1.0 - correlation) / (1.0 + correlation)).max(1.0f64.min(n))
}
