//! `conc.toml`: what a suite consists of and how each of its workloads is measured.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use crate::diagnostics::Code;
use crate::gate::Metric;
use crate::strategy::StrategyKind;
use crate::units::parse_duration;
use crate::workload::input::{InputError, InputErrors, Place};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

/// The file that is looked for in the current directory.
pub(crate) const NAME: &str = "conc.toml";

/// What the file says; all of it is optional.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SuiteFile {
    /// Samples, files, directories and Python callables; paths are relative to the file.
    pub(crate) workloads: Vec<String>,
    /// How workloads are measured.
    pub(crate) settings: Settings,
    /// When the run fails.
    pub(crate) gate: Gate,
    /// How single workloads are measured, by name.
    pub(crate) workload: BTreeMap<String, Settings>,
}

/// How workloads are measured.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Settings {
    /// Measuring time.
    #[serde(deserialize_with = "duration")]
    pub(crate) budget: Option<Duration>,
    /// The strategies that are measured.
    #[serde(deserialize_with = "strategies")]
    pub(crate) strategies: Vec<StrategyKind>,
    /// The widths that are measured, as in `--width`.
    pub(crate) widths: Vec<String>,
    /// Changes up to this share are ignored.
    pub(crate) noise_threshold: Option<Share>,
    /// The same for single metrics.
    pub(crate) thresholds: BTreeMap<Metric, Share>,
}

/// When the run fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Gate {
    /// If a workload got worse.
    pub(crate) fail_on_regression: bool,
    /// If the advice for a workload is another one.
    pub(crate) fail_on_advice_change: bool,
    /// If the comparison cannot tell.
    pub(crate) strict: bool,
}

/// A share below 1, written as `0.03` or `"3%"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits, 100.0));
        let number = digits.trim().parse::<f64>().map(|number| number / unit);
        number.ok().and_then(Share::checked).ok_or_else(|| format!("'{text}' is not {WANTED}"))
    }
}

const WANTED: &str = "a share below 1, such as 0.03 or 3%";

impl Share {
    fn checked(number: f64) -> Option<Self> {
        (0.0..1.0).contains(&number).then_some(Share(number))
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = Share;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(WANTED)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Share, E> {
                Share::checked(number).ok_or_else(|| E::custom(format!("{number} is not {WANTED}")))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Share, E> {
                self.visit_f64(number as f64)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Share, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_any(Written)
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match parse_duration(&text) {
        Ok(duration) if duration.is_zero() => Err(de::Error::custom("must be longer than 0")),
        Ok(duration) => Ok(Some(duration)),
        Err(error) => Err(de::Error::custom(error)),
    }
}

fn strategies<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<StrategyKind>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    names.iter().map(|name| name.parse().map_err(de::Error::custom)).collect()
}

/// Reads the file.
///
/// # Errors
/// `E-WORKLOAD-007` if it cannot be read, else what is wrong in it and where.
pub(crate) fn read(path: &Path) -> Result<SuiteFile, InputErrors> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        InputError::new(Code::WorkloadNotFound, format!("'{name}' cannot be read: {error}"))
    })?;
    parse(&name.to_string(), &text)
}

fn parse(name: &str, text: &str) -> Result<SuiteFile, InputErrors> {
    toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| Place::new(name.into(), text.into(), span));
        let help = Some("see 'A suite' in the README for its keys".to_owned());
        InputError { place, help, ..InputError::new(Code::WorkloadValue, error.message()) }.into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        parse("conc.toml", text).expect_err("wrong").first().to_string()
    }

    #[test]
    fn every_key_is_read() {
        let file = parse(
            "conc.toml",
            r#"
            workloads = ["web-scraper", "jobs"]
            [settings]
            budget = "2s"
            strategies = ["async", "threading"]
            widths = ["1", "4-8"]
            noise_threshold = "5%"
            [gate]
            strict = true
            [workload.web-scraper]
            budget = "10s"
            thresholds = { p99 = 0.2, peak-rss = "10%" }
            "#,
        )
        .expect("a valid file");
        assert_eq!(file.workloads, ["web-scraper", "jobs"]);
        assert_eq!(file.settings.budget, Some(Duration::from_secs(2)));
        assert_eq!(file.settings.strategies, [StrategyKind::Async, StrategyKind::Threads]);
        assert_eq!(file.settings.noise_threshold, Some(Share(0.05)));
        assert!(file.gate.strict && !file.gate.fail_on_regression);
        let scraper = &file.workload["web-scraper"];
        assert_eq!(scraper.thresholds[&Metric::P99], Share(0.2));
        assert_eq!(scraper.thresholds[&Metric::PeakRss], Share(0.1));
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        assert!(wrong("[settings]\nbugdet = '2s'").starts_with("conc.toml:2:1: unknown field `bugdet`"));
        assert!(wrong("[settings]\nbudget = '2 parsecs'").starts_with("conc.toml:2:10: "));
        assert!(wrong("[settings]\nnoise_threshold = 3").contains("3 is not a share below 1"));
        assert!(wrong("[settings]\nstrategies = ['asink']").contains("asink"));
        assert!(wrong("[workload.a]\nthresholds = { speed = 0.1 }").contains("speed"));
        assert!(wrong("workloads = [").starts_with("conc.toml:1:"));
    }
}
