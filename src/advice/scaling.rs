//! The scaling law as data: `model` in the JSON.

use serde::{Deserialize, Serialize};

use crate::benchmark::result::Status;
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::model::estimate::Estimate;
use crate::model::scaling::{Peak, Scaling, assess};
use crate::model::{Point, amdahl, usl};
use crate::strategy::StrategyKind;

/// Laws fitted to throughput at several widths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Model {
    /// The universal scalability law.
    pub usl: Usl,
    /// Amdahl's law, where the universal scalability law was fitted.
    pub amdahl: Option<Amdahl>,
    /// The strategy whose cells the laws describe; the sequential reference stands for its width 1.
    pub strategy: Option<StrategyKind>,
}

/// The universal scalability law X(N) = λN / (1 + σ(N−1) + κN(N−1)).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Usl {
    /// σ, the share of the work that is serialised.
    pub sigma: Option<f64>,
    /// κ, the cost of keeping tasks consistent with one another.
    pub kappa: Option<f64>,
    /// λ, tasks per second of one task in flight.
    pub lambda: Option<f64>,
    /// The width of the highest throughput; null if it is more than 1.25 times the widest measured.
    pub peak_width: Option<f64>,
    /// The status of the fit.
    pub status: FitStatus,
    /// The basis of the peak.
    pub peak_status: Option<PeakStatus>,
    /// 95% confidence intervals of the coefficients.
    pub ci95: Option<UslIntervals>,
    /// The standard deviation of the residuals, over the root mean square of the rates.
    pub residual: Option<f64>,
    /// The narrowest width on the flat top, where throughput is saturated.
    pub saturated_width: Option<f64>,
    /// Tasks per second on the flat top.
    pub saturated_per_s: Option<f64>,
    /// Number of different widths measured; null if that number is not the reason for `status`.
    #[serde(default)]
    pub widths: Option<usize>,
    /// The narrowest and the widest width measured; null if they are not the reason for `status`.
    #[serde(default)]
    pub width_range: Option<[f64; 2]>,
}

/// Intervals of the coefficients, cut off at the bounds of their possible values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UslIntervals {
    /// Interval of σ.
    pub sigma: [f64; 2],
    /// Interval of κ.
    pub kappa: [f64; 2],
    /// Interval of λ, in tasks per second.
    pub lambda: [f64; 2],
}

/// Amdahl's law X(N) = λN / (1 + σ(N−1)).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Amdahl {
    /// σ, the serial share.
    pub sigma: f64,
    /// 95% confidence interval of σ.
    pub sigma_ci95: [f64; 2],
    /// λ, tasks per second of one task in flight.
    pub lambda: f64,
    /// 95% confidence interval of λ, in tasks per second.
    pub lambda_ci95: [f64; 2],
    /// Upper bound of the tasks per second at any width, λ/σ: an extrapolation. Null if nothing is serial.
    pub ceiling_per_s: Option<f64>,
    /// The standard deviation of the residuals, over the root mean square of the rates.
    pub residual: f64,
}

/// The status of a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FitStatus {
    /// The law describes the measurements.
    Fitted,
    /// Throughput grows up to a width and then stays constant, for which the law has no parameter.
    Saturated,
    /// The points lie too far off the curve.
    PoorFit,
    /// Fewer than six widths were measured.
    TooFewWidths,
    /// The widest width is less than twice the narrowest.
    TooNarrow,
    /// There are no measurements to fit.
    NotFitted,
}

/// The basis of the width of the highest throughput.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PeakStatus {
    /// The peak lies among the widths measured.
    Measured,
    /// The peak lies slightly beyond the widest width measured.
    Extrapolated,
    /// The peak would lie too far beyond the widest width measured to be known.
    Beyond,
    /// There is no peak: κ is 0.
    None,
}

impl Model {
    /// Fits the laws to the cells of one strategy; `cell` is one of the cells.
    pub fn of_cells(cells: &[ConfigurationResult], cell: Configuration) -> Self {
        Model { strategy: Some(cell.strategy), ..Model::of_points(&points(cells, cell)) }
    }

    /// Fits the laws to points of any origin.
    pub fn of_points(points: &[Point]) -> Self {
        let mut amdahl = None;
        let usl = match assess(points) {
            Scaling::Fitted { usl, amdahl: law, peak } => {
                amdahl = Some(Amdahl::of(&law));
                Usl::fitted(&usl, peak)
            }
            Scaling::Saturated(top) => Usl {
                saturated_width: Some(top.from),
                saturated_per_s: Some(top.rate),
                ..Usl::without(FitStatus::Saturated)
            },
            Scaling::Poor { residual } => {
                Usl { residual: Some(residual), ..Usl::without(FitStatus::PoorFit) }
            }
            Scaling::TooFewWidths { widths } => {
                Usl { widths: Some(widths), ..Usl::without(FitStatus::TooFewWidths) }
            }
            Scaling::TooNarrow { narrowest, widest } => {
                Usl { width_range: Some([narrowest, widest]), ..Usl::without(FitStatus::TooNarrow) }
            }
        };
        Model { usl, amdahl, strategy: None }
    }
}

impl Usl {
    /// Returns a model without a fit.
    pub fn not_fitted() -> Self {
        Usl::without(FitStatus::NotFitted)
    }

    fn without(status: FitStatus) -> Self {
        Usl {
            sigma: None,
            kappa: None,
            lambda: None,
            peak_width: None,
            status,
            peak_status: None,
            ci95: None,
            residual: None,
            saturated_width: None,
            saturated_per_s: None,
            widths: None,
            width_range: None,
        }
    }

    fn fitted(fit: &usl::Usl, peak: Peak) -> Self {
        let (peak_width, peak_status) = match peak {
            Peak::Measured(width) => (Some(width), PeakStatus::Measured),
            Peak::Extrapolated(width) => (Some(width), PeakStatus::Extrapolated),
            Peak::Beyond => (None, PeakStatus::Beyond),
            Peak::None => (None, PeakStatus::None),
        };
        let Estimate { ci95: sigma, .. } = fit.sigma;
        Usl {
            sigma: Some(fit.sigma.value),
            kappa: Some(fit.kappa.value),
            lambda: Some(fit.lambda.value),
            peak_width,
            status: FitStatus::Fitted,
            peak_status: Some(peak_status),
            ci95: Some(UslIntervals { sigma, kappa: fit.kappa.ci95, lambda: fit.lambda.ci95 }),
            residual: Some(fit.residual),
            saturated_width: None,
            saturated_per_s: None,
            widths: None,
            width_range: None,
        }
    }
}

impl Amdahl {
    fn of(fit: &amdahl::Amdahl) -> Self {
        Amdahl {
            sigma: fit.sigma.value,
            sigma_ci95: fit.sigma.ci95,
            lambda: fit.lambda.value,
            lambda_ci95: fit.lambda.ci95,
            ceiling_per_s: fit.ceiling(),
            residual: fit.residual,
        }
    }
}

/// Formats a dimensionless number with up to three significant digits: `0`, `0.0577`, `7.7e-4`.
pub(crate) fn coefficient(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else if value.abs() < 1e-3 {
        format!("{value:.1e}")
    } else if value.abs() < 0.1 {
        format!("{value:.4}")
    } else {
        format!("{value:.3}")
    }
}

/// Returns the points of a strategy, with the number of processes that `cell` has.
///
/// The sequential reference stands for width 1 if the strategy was not run at width 1: both laws start
/// from one task at a time.
pub(crate) fn points(cells: &[ConfigurationResult], cell: Configuration) -> Vec<Point> {
    let own = |c: &&ConfigurationResult| {
        c.cell.strategy == cell.strategy && c.cell.processes == cell.processes && point(c).is_some()
    };
    let of_one = |c: &&ConfigurationResult| c.cell.width == 1;
    let reference = |c: &&ConfigurationResult| c.cell == Configuration::REFERENCE;
    let substitute = (!cells.iter().filter(own).any(|c| of_one(&c))).then(|| cells.iter().find(reference));
    substitute.flatten().into_iter().chain(cells.iter().filter(own)).filter_map(point).collect()
}

/// Returns the point of a cell that ran; its batches scatter in proportion to their rate.
fn point(result: &ConfigurationResult) -> Option<Point> {
    let rate = result.per_s()?;
    let ran = result.status == Status::Ok && result.cell.width > 0;
    ran.then(|| Point::relative(result.cell.width as f64, rate, result.rounds.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advice::testing::{cell, curve, skipped};

    const WIDTHS: [usize; 7] = [2, 4, 8, 16, 32, 64, 128];

    fn law(n: f64) -> f64 {
        100.0 * n / (1.0 + 0.01 * (n - 1.0) + 1e-4 * n * (n - 1.0))
    }

    #[test]
    fn the_cells_of_one_strategy_are_fitted_from_the_reference_on() {
        let mut cells =
            vec![cell(StrategyKind::Sequential, 1, law(1.0)), skipped(StrategyKind::Async, 512, "too wide")];
        cells.extend(curve(StrategyKind::Async, &WIDTHS, law));
        cells.extend(curve(StrategyKind::Threads, &WIDTHS, |_| 3.0));
        let model = Model::of_cells(&cells, Configuration::new(StrategyKind::Async, 64));
        assert_eq!((model.strategy, model.usl.status), (Some(StrategyKind::Async), FitStatus::Fitted));
        assert!((model.usl.sigma.expect("fitted") - 0.01).abs() < 1e-6);
        assert_eq!(model.usl.peak_status, Some(PeakStatus::Measured));
        assert!(model.amdahl.is_some());
    }

    #[test]
    fn what_cannot_be_fitted_says_why() {
        let cells = curve(StrategyKind::Async, &WIDTHS[..4], law);
        let model = Model::of_cells(&cells, Configuration::new(StrategyKind::Async, 8));
        assert_eq!((model.usl.status, model.usl.widths), (FitStatus::TooFewWidths, Some(4)));
        assert_eq!(model.amdahl, None);
        let full = curve(StrategyKind::Async, &WIDTHS, |n| 25.0 * n.min(16.0));
        let model = Model::of_cells(&full, Configuration::new(StrategyKind::Async, 16));
        assert_eq!((model.usl.status, model.usl.saturated_width), (FitStatus::Saturated, Some(16.0)));
    }

    #[test]
    fn coefficients_have_three_digits_at_the_most_and_no_noise() {
        let told = [0.0, 2.011e-6, 0.0577712, 0.1, 0.51234].map(coefficient);
        assert_eq!(told, ["0", "2.0e-6", "0.0578", "0.100", "0.512"]);
    }
}
