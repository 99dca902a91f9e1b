//! The scaling law that was fitted, or the reason there is none.

use crate::advice::Model;
use crate::advice::scaling::{FitStatus, PeakStatus, Usl, coefficient};
use crate::model::scaling::FEWEST_WIDTHS;
use crate::units::{PerSecond, Share};

/// Returns the scaling in one line.
pub(crate) fn sentence(model: &Model) -> String {
    let usl = &model.usl;
    match (usl.sigma, usl.kappa, reason(usl)) {
        (Some(sigma), Some(kappa), None) => {
            format!("USL: sigma {}, kappa {}, {}", coefficient(sigma), coefficient(kappa), peak(usl))
        }
        (_, _, reason) => reason.unwrap_or_default(),
    }
}

/// Returns the reason that there are no coefficients; `None` if there are.
pub(crate) fn reason(usl: &Usl) -> Option<String> {
    Some(match usl.status {
        FitStatus::Fitted => return None,
        FitStatus::Saturated => {
            let (from, rate) = (usl.saturated_width.unwrap_or(1.0), usl.saturated_per_s.unwrap_or(0.0));
            format!(
                "saturated at width {from}: beyond it throughput stays at about {}/s, which the law cannot express",
                PerSecond(rate)
            )
        }
        FitStatus::PoorFit => {
            let residual = Share(usl.residual.unwrap_or(1.0));
            format!("the points do not follow the law: they lie {residual} off it")
        }
        FitStatus::TooFewWidths => match usl.widths.unwrap_or(0) {
            1 => format!("not fitted: only 1 width was measured, {FEWEST_WIDTHS} are needed"),
            widths => {
                format!("not fitted: {widths} different widths were measured, {FEWEST_WIDTHS} are needed")
            }
        },
        FitStatus::TooNarrow => {
            let [narrowest, widest] = usl.width_range.unwrap_or_default();
            format!("not fitted: the widths from {narrowest} to {widest} are too close to one another")
        }
        FitStatus::NotFitted => "not fitted: there is nothing to fit".to_owned(),
    })
}

/// Returns the position of the peak, as a fragment.
pub(crate) fn peak(usl: &Usl) -> String {
    match (usl.peak_status, usl.peak_width) {
        (Some(PeakStatus::Measured), Some(width)) => format!("peak near {width:.0}"),
        (Some(PeakStatus::Extrapolated), Some(width)) => {
            format!("peak near {width:.0} if the curve continues beyond the widths measured")
        }
        (Some(PeakStatus::Beyond), _) => "peak beyond the widths measured".to_owned(),
        _ => "no peak".to_owned(),
    }
}

/// Returns the meaning of the peak, as a sentence of its own.
pub(crate) fn peak_meaning(usl: &Usl) -> String {
    match (usl.peak_status, usl.peak_width) {
        (Some(PeakStatus::Measured), Some(width)) => format!("near {width:.0}: throughput falls beyond it"),
        (Some(PeakStatus::Extrapolated), Some(width)) => {
            format!("near {width:.0}, wider than anything measured, if the curve continues as measured")
        }
        (Some(PeakStatus::Beyond), _) => "unknown: too far beyond the widths measured".to_owned(),
        _ => "none: kappa is 0, so throughput does not fall".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usl(status: FitStatus) -> Usl {
        Usl { status, ..Usl::not_fitted() }
    }

    #[test]
    fn every_status_has_its_sentence() {
        let saturated =
            Usl { saturated_width: Some(16.0), saturated_per_s: Some(400.0), ..usl(FitStatus::Saturated) };
        for (of, expected) in [
            (
                saturated,
                "saturated at width 16: beyond it throughput stays at about 400/s, which the law cannot express",
            ),
            (
                Usl { residual: Some(0.3), ..usl(FitStatus::PoorFit) },
                "the points do not follow the law: they lie 30% off it",
            ),
            (
                Usl { widths: Some(4), ..usl(FitStatus::TooFewWidths) },
                "not fitted: 4 different widths were measured, 6 are needed",
            ),
            (
                Usl { width_range: Some([10.0, 12.5]), ..usl(FitStatus::TooNarrow) },
                "not fitted: the widths from 10 to 12.5 are too close to one another",
            ),
            (usl(FitStatus::NotFitted), "not fitted: there is nothing to fit"),
        ] {
            assert_eq!(reason(&of).as_deref(), Some(expected));
            assert_eq!(sentence(&Model { usl: of, amdahl: None, strategy: None }), expected);
        }
    }

    #[test]
    fn a_fit_is_named_with_its_peak() {
        let fitted = |peak_status, peak_width| Usl {
            sigma: Some(0.01),
            kappa: Some(1e-4),
            peak_status: Some(peak_status),
            peak_width,
            ..usl(FitStatus::Fitted)
        };
        for (of, expected, meaning) in [
            (fitted(PeakStatus::Measured, Some(99.2)), "peak near 99", "near 99: throughput falls beyond it"),
            (
                fitted(PeakStatus::Extrapolated, Some(99.2)),
                "peak near 99 if the curve continues beyond the widths measured",
                "near 99, wider than anything measured, if the curve continues as measured",
            ),
            (
                fitted(PeakStatus::Beyond, None),
                "peak beyond the widths measured",
                "unknown: too far beyond the widths measured",
            ),
            (fitted(PeakStatus::None, None), "no peak", "none: kappa is 0, so throughput does not fall"),
        ] {
            assert_eq!(peak_meaning(&of), meaning);
            let text = sentence(&Model { usl: of, amdahl: None, strategy: None });
            assert_eq!(text, format!("USL: sigma 0.0100, kappa 1.0e-4, {expected}"));
        }
    }
}
