//! Published measurements yield the coefficients that were published with them.

use std::collections::BTreeMap;

use conc::internal::{Amdahl, Peak, Point, Scaling, Usl, assess};
use serde::Deserialize;

#[derive(Deserialize)]
struct Published {
    datasets: BTreeMap<String, Set>,
}

#[derive(Deserialize)]
struct Set {
    points: Vec<(f64, f64)>,
    published: Coefficients,
    rel_tol: f64,
}

#[derive(Deserialize)]
struct Coefficients {
    sigma: f64,
    kappa: f64,
    lambda_: f64,
    sigma_se: Option<f64>,
    kappa_se: Option<f64>,
    lambda_se: Option<f64>,
    /// κ where it was printed with four digits only, which are fewer than the tolerance asks for.
    kappa_more_digits_sca_tools: Option<f64>,
    #[serde(default)]
    predict: BTreeMap<String, f64>,
}

/// Published standard errors have as many digits as fit on a page.
const PRINTED: f64 = 0.005;

fn published() -> BTreeMap<String, Set> {
    let text = include_str!("data/usl_published.json");
    serde_json::from_str::<Published>(text).expect("the published figures").datasets
}

fn points(set: &Set) -> Vec<Point> {
    set.points.iter().map(|(n, x)| Point::new(*n, *x)).collect()
}

fn assert_close(name: &str, actual: f64, expected: f64, tolerance: f64) {
    let error = if expected == 0.0 { actual } else { actual / expected - 1.0 };
    assert!(error.abs() <= tolerance, "{name}: {actual} is not {expected}");
}

#[test]
fn coefficients_are_those_published() {
    for (name, set) in published() {
        let fit = Usl::fit(&points(&set)).expect("a fit");
        assert_close(&name, fit.lambda.value, set.published.lambda_, set.rel_tol);
        assert_close(&name, fit.sigma.value, set.published.sigma, set.rel_tol);
        let kappa = set.published.kappa_more_digits_sca_tools.unwrap_or(set.published.kappa);
        assert_close(&name, fit.kappa.value, kappa, set.rel_tol);
    }
}

#[test]
fn standard_errors_are_those_published() {
    for (name, set) in published() {
        let fit = Usl::fit(&points(&set)).expect("a fit");
        let pairs = [
            (fit.lambda.standard_error, set.published.lambda_se),
            (fit.sigma.standard_error, set.published.sigma_se),
            (fit.kappa.standard_error, set.published.kappa_se),
        ];
        for (actual, expected) in pairs {
            if let Some(expected) = expected {
                assert_close(&name, actual, expected, PRINTED);
            }
        }
    }
}

#[test]
fn the_raytracer_has_no_peak() {
    let set = &published()["raytracer"];
    let Scaling::Fitted { usl, amdahl, peak } = assess(&points(set)) else { panic!("it follows the law") };
    assert_eq!((usl.kappa.value, peak), (0.0, Peak::None));
    for (width, rate) in &set.published.predict {
        assert_close(width, usl.at(width.parse().expect("a width")), *rate, 0.001);
    }
    assert_close("ceiling", amdahl.ceiling().expect("a ceiling"), 378.0, 0.002);
    assert_eq!(Amdahl::fit(&points(set)), Some(amdahl));
}

#[test]
fn peaks_are_those_published_and_told_as_measured_only_where_they_were() {
    let peak = |name: &str| match assess(&points(&published()[name])) {
        Scaling::Fitted { peak, .. } => peak,
        other => panic!("{name}: {other:?}"),
    };
    assert!(matches!(peak("specsdm91"), Peak::Measured(n) if (n - 96.519_56).abs() < 0.01));
    assert!(matches!(peak("cisco_mysql"), Peak::Extrapolated(n) if n.floor() == 35.0));
    // The whole measurement shows that this peak does not exist: it must not be reported as a measured one.
    assert!(matches!(peak("raytracer_first6"), Peak::Extrapolated(_)));
    assert!(matches!(peak("synthetic_0.02"), Peak::Measured(n) if (n - 7.0).abs() < 0.02));
}
