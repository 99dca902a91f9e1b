//! Conclusions that the points of a scaling measurement support.

use crate::model::amdahl::Amdahl;
use crate::model::nls::{self, Face, Point};
use crate::model::usl::Usl;

/// Minimum number of distinct widths for a fit: fewer do not determine three coefficients well.
pub(crate) const FEWEST_WIDTHS: usize = 6;

/// Minimum ratio of the widest to the narrowest width for a fit.
const LEAST_SPAN: f64 = 2.0;

/// Maximum ratio of the width of the peak to the widest width measured; a peak further out is not reported.
const PEAK_REACH: f64 = 1.25;

/// Maximum residual of points that follow the law, as a share of the rates.
const POOR: f64 = 0.2;

/// Minimum number of distinct widths in a flat top.
const FLAT_WIDTHS: usize = 3;
/// Minimum ratio of the widest to the narrowest width in a flat top.
const FLAT_SPAN: f64 = 2.0;

/// Maximum change of throughput from one end of a flat top to the other, as a share.
const FLAT: f64 = 0.05;

/// Share of the law's squared residuals below which a flat top is preferred to the law.
const BETTER: f64 = 0.5;

/// A conclusion about the scaling.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
pub enum Scaling {
    /// The law describes the points.
    Fitted {
        /// The universal scalability law.
        usl: Usl,
        /// Amdahl's law, the universal scalability law without κ.
        amdahl: Amdahl,
        /// The peak of the universal scalability law.
        peak: Peak,
    },
    /// Throughput grows up to a width and then stays constant; the law has no parameter for that.
    Saturated(FlatTop),
    /// The law does not describe the points.
    Poor {
        /// Distance of the points from the curve, as a share of the rates.
        residual: f64,
    },
    /// There are too few widths.
    TooFewWidths {
        /// Number of distinct widths.
        widths: usize,
    },
    /// The widths are too close to one another.
    TooNarrow {
        /// The narrowest width.
        narrowest: f64,
        /// The widest width.
        widest: f64,
    },
}

/// The width of the highest throughput, as far as the points support a claim about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Peak {
    /// The peak lies among the widths measured.
    Measured(f64),
    /// The peak lies a little beyond the widths measured.
    Extrapolated(f64),
    /// The peak would lie too far beyond the widths measured to be located.
    Beyond,
    /// Throughput never falls: κ is 0.
    None,
}

/// The flat end of a curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlatTop {
    /// The narrowest width measured at which throughput is within 5% of the flat top.
    pub from: f64,
    /// Tasks per second on the flat top.
    pub rate: f64,
}

/// Draws a conclusion from points; all widths, rates and weights must be above zero and finite.
pub fn assess(points: &[Point]) -> Scaling {
    let widths = distinct_widths(points);
    let (narrowest, widest) = match widths.as_slice() {
        [narrowest, .., widest] if widths.len() >= FEWEST_WIDTHS => (*narrowest, *widest),
        _ => return Scaling::TooFewWidths { widths: widths.len() },
    };
    if widest < LEAST_SPAN * narrowest {
        return Scaling::TooNarrow { narrowest, widest };
    }
    let (Some(usl), Some(amdahl)) = (Usl::fit(points), Amdahl::fit(points)) else {
        return Scaling::Poor { residual: f64::INFINITY };
    };
    match flat_top(points, &widths) {
        Some((top, loss)) if loss < BETTER * usl.loss => Scaling::Saturated(top),
        _ if usl.residual > POOR => Scaling::Poor { residual: usl.residual },
        _ => Scaling::Fitted { peak: peak(&usl, widest), usl, amdahl },
    }
}

/// Returns the distinct widths of the points, narrowest first.
pub(crate) fn distinct_widths(points: &[Point]) -> Vec<f64> {
    let mut widths: Vec<f64> = points.iter().map(|p| p.width).collect();
    widths.sort_by(f64::total_cmp);
    widths.dedup();
    widths
}

fn peak(usl: &Usl, widest: f64) -> Peak {
    match usl.peak() {
        None => Peak::None,
        Some(width) if width <= widest => Peak::Measured(width),
        Some(width) if width <= PEAK_REACH * widest => Peak::Extrapolated(width),
        Some(_) => Peak::Beyond,
    }
}

/// Returns the best description by Amdahl's law up to a width and a constant from there on, with its
/// weighted sum of squared residuals.
fn flat_top(points: &[Point], widths: &[f64]) -> Option<(FlatTop, f64)> {
    let widest = *widths.last()?;
    let last_start = widths.len().checked_sub(FLAT_WIDTHS)?;
    // The first width is left to the rise: a curve that is flat throughout is the law with σ = 1.
    let starts = widths.get(1..=last_start)?.iter().copied().filter(|from| *from * FLAT_SPAN <= widest);
    let described = starts.filter_map(|from| {
        let (rise, top): (Vec<Point>, Vec<Point>) = points.iter().partition(|p| p.width < from);
        let rate = weighted_mean(&top, |p| p.rate);
        let is_rising = rise.iter().all(|p| p.rate < rate);
        let rise_loss = nls::fit(&rise, &[Face::Contended, Face::Linear, Face::Serial])?.loss(&rise);
        let top_loss: f64 = top.iter().map(|p| p.weight * (p.rate - rate).powi(2)).sum();
        (is_rising && is_flat(&top, widest / from)).then_some((rate, rise_loss + top_loss))
    });
    let (rate, loss) = described.min_by(|x, y| x.1.total_cmp(&y.1))?;
    let is_full =
        |width: &f64| points.iter().filter(|p| p.width == *width).all(|p| p.rate >= rate * (1.0 - FLAT));
    let from = widths.iter().copied().find(is_full)?;
    Some((FlatTop { from, rate }, loss))
}

/// Returns true if ln X, fitted as a straight line over ln N, hardly changes from one end to the other.
fn is_flat(top: &[Point], span: f64) -> bool {
    let (centre_n, centre_x) = (weighted_mean(top, |p| p.width.ln()), weighted_mean(top, |p| p.rate.ln()));
    let weight = |p: &Point| p.weight * p.rate * p.rate;
    let along: f64 =
        top.iter().map(|p| weight(p) * (p.width.ln() - centre_n) * (p.rate.ln() - centre_x)).sum();
    let across: f64 = top.iter().map(|p| weight(p) * (p.width.ln() - centre_n).powi(2)).sum();
    (along / across * span.ln()).abs() < FLAT.ln_1p()
}

fn weighted_mean(points: &[Point], value: impl Fn(&Point) -> f64) -> f64 {
    let weights: f64 = points.iter().map(|p| p.weight).sum();
    points.iter().map(|p| p.weight * value(p)).sum::<f64>() / weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RateCurve;
    use crate::model::repairman::blended_throughput;
    use proptest::prelude::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    const WIDTHS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 48.0, 64.0, 96.0, 128.0];

    fn points(widths: &[f64], rate: impl Fn(f64) -> f64) -> Vec<Point> {
        widths.iter().map(|n| Point::relative(*n, rate(*n), 1)).collect()
    }

    fn usl(sigma: f64, kappa: f64) -> impl Fn(f64) -> f64 {
        move |n| 100.0 * n / (1.0 + sigma * (n - 1.0) + kappa * n * (n - 1.0))
    }

    #[test]
    fn five_widths_are_too_few_however_often_they_were_measured() {
        let five = points(&WIDTHS[..5], usl(0.1, 0.001)).repeat(4);
        assert_eq!(assess(&five), Scaling::TooFewWidths { widths: 5 });
        assert!(matches!(assess(&points(&WIDTHS[..6], usl(0.1, 0.001))), Scaling::Fitted { .. }));
        assert_eq!(assess(&[]), Scaling::TooFewWidths { widths: 0 });
    }

    #[test]
    fn widths_close_to_one_another_tell_nothing() {
        let close = points(&[10.0, 10.5, 11.0, 11.5, 12.0, 12.5], usl(0.1, 0.001));
        assert_eq!(assess(&close), Scaling::TooNarrow { narrowest: 10.0, widest: 12.5 });
    }

    #[test]
    fn a_peak_is_told_as_far_as_it_was_measured() {
        let peak = |widths: &[f64], kappa| match assess(&points(widths, usl(0.0, kappa))) {
            Scaling::Fitted { peak, .. } => peak,
            other => panic!("{other:?}"),
        };
        // κ = 1/64² puts it at 64.
        let kappa = 1.0 / 4096.0;
        assert!(matches!(peak(&WIDTHS, kappa), Peak::Measured(n) if (n - 64.0).abs() < 0.01));
        let widths = [1.0, 4.0, 16.0, 32.0, 48.0, 56.0];
        assert!(matches!(peak(&widths, kappa), Peak::Extrapolated(n) if (n - 64.0).abs() < 0.01));
        assert_eq!(peak(&WIDTHS[..7], kappa), Peak::Beyond);
    }

    #[test]
    fn cpus_that_are_full_are_a_flat_top_and_not_a_law() {
        // Two CPUs, 1 ms of computing and 20 ms of waiting: full from about 42 in flight on.
        match assess(&points(&WIDTHS, |n| {
            blended_throughput(&RateCurve::ideal(2.0), 1e-3, 20e-3, n as usize)
        })) {
            Scaling::Saturated(top) => {
                assert!((32.0..=64.0).contains(&top.from), "{top:?}");
                assert!((1900.0..2001.0).contains(&top.rate), "{top:?}");
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_law_that_flattens_is_still_a_law() {
        assert!(matches!(assess(&points(&WIDTHS, usl(0.5, 0.0))), Scaling::Fitted { .. }));
        assert!(matches!(assess(&points(&WIDTHS, |_| 70.0)), Scaling::Fitted { .. }));
    }

    #[test]
    fn points_without_a_pattern_are_no_law() {
        let wild = [10.0, 90.0, 15.0, 200.0, 20.0, 130.0, 10.0, 170.0, 11.0, 95.0];
        let points: Vec<Point> = WIDTHS.iter().zip(wild).map(|(n, x)| Point::new(*n, x)).collect();
        assert!(matches!(assess(&points), Scaling::Poor { residual } if residual > POOR));
    }

    /// Returns how often noisy points of a curve are called a flat top.
    fn saturated(rate: impl Fn(f64) -> f64, noise: f64) -> usize {
        let mut random = StdRng::seed_from_u64(1);
        let mut draw = || {
            // The sum of twelve is nearly normal, with a standard deviation of one.
            1.0 + noise * ((0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0)
        };
        let is_flat = |points: &[Point]| matches!(assess(points), Scaling::Saturated(_));
        (0..200)
            .filter(|_| {
                let noisy: Vec<Point> =
                    WIDTHS.iter().map(|n| Point::relative(*n, rate(*n) * draw(), 1)).collect();
                is_flat(&noisy)
            })
            .count()
    }

    #[test]
    fn with_noise_flat_tops_are_told_from_laws() {
        let full = |n: f64| blended_throughput(&RateCurve::ideal(2.0), 1e-3, 20e-3, n as usize);
        assert!(saturated(full, 0.02) > 180, "{}", saturated(full, 0.02));
        assert!(saturated(usl(0.05, 1e-4), 0.02) < 10, "{}", saturated(usl(0.05, 1e-4), 0.02));
        assert!(saturated(usl(0.5, 0.0), 0.02) < 20, "{}", saturated(usl(0.5, 0.0), 0.02));
    }

    proptest! {
        #[test]
        fn every_set_of_points_has_an_answer(
            rates in prop::collection::vec((1usize..500, 1e-6f64..1e9), 0..30),
        ) {
            let points: Vec<Point> = rates.iter().map(|(n, x)| Point::new(*n as f64, *x)).collect();
            if let Scaling::Fitted { peak: Peak::Measured(n) | Peak::Extrapolated(n), .. } = assess(&points) {
                let widest = points.iter().map(|p| p.width).fold(0.0, f64::max);
                prop_assert!((1.0..=PEAK_REACH * widest).contains(&n));
            }
        }
    }
}
