//! `conc.toml`: the workloads of a suite, and how each is measured.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use crate::diagnostics::Code;
use crate::gate::{Metric, Thresholds};
use crate::strategy::StrategyKind;
use crate::study::fail_policy::FailPolicy;
use crate::units::parse_duration;
use crate::workload::Workload;
use crate::workload::input::{InputError, InputErrors, SourceSpan, closest};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer};

/// Name of the file, looked for in the current directory.
pub(crate) const SUITE_FILE: &str = "conc.toml";

/// The contents of the file; every part is optional.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SuiteFile {
    /// Samples, files, directories and Python callables; paths are relative to the file.
    pub workloads: Vec<String>,
    /// Settings of every workload.
    pub settings: SuiteSettings,
    /// The verdicts that fail the run.
    pub gate: FailPolicy,
    /// Settings of single workloads, by name.
    pub workload: BTreeMap<String, SuiteSettings>,
}

/// Settings for measuring workloads.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SuiteSettings {
    /// Measuring time.
    #[serde(deserialize_with = "duration")]
    pub budget: Option<Duration>,
    /// The strategies to measure.
    #[serde(deserialize_with = "strategies")]
    pub strategies: Vec<StrategyKind>,
    /// The widths to measure, written as for `--width`.
    pub widths: Vec<String>,
    /// Largest change that is ignored.
    pub noise_threshold: Option<ShareSetting>,
    /// Largest change that is ignored, for single metrics.
    pub thresholds: BTreeMap<Metric, ShareSetting>,
}

/// A share below 1, written as `0.03` or `"3%"`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ShareSetting(pub f64);

impl FromStr for ShareSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (digits, unit) = text.strip_suffix('%').map_or((text, 1.0), |digits| (digits, 100.0));
        let number = digits.trim().parse::<f64>().map(|number| number / unit);
        number.ok().and_then(ShareSetting::checked).ok_or_else(|| format!("'{text}' is not {WANTED}"))
    }
}

/// Describes a valid share in error messages.
const WANTED: &str = "a share below 1, such as 0.03 or 3%";

impl ShareSetting {
    fn checked(number: f64) -> Option<Self> {
        (0.0..1.0).contains(&number).then_some(ShareSetting(number))
    }
}

impl<'de> Deserialize<'de> for ShareSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;

        impl Visitor<'_> for Written {
            type Value = ShareSetting;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(WANTED)
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<ShareSetting, E> {
                ShareSetting::checked(number).ok_or_else(|| E::custom(format!("{number} is not {WANTED}")))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<ShareSetting, E> {
                self.visit_f64(number as f64)
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ShareSetting, E> {
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

impl SuiteFile {
    /// Returns the settings that apply to a workload, nearest first.
    pub(crate) fn layers(&self, workload: &str) -> Vec<&SuiteSettings> {
        self.workload.get(workload).into_iter().chain([&self.settings]).collect()
    }

    /// Refuses settings of a workload that is not in the suite, because its name is misspelt.
    ///
    /// # Errors
    /// When there are such settings.
    pub(crate) fn check_names(&self, workloads: &[Workload]) -> Result<(), String> {
        let names = || workloads.iter().map(|workload| workload.name.as_str());
        let Some(unknown) = self.workload.keys().find(|key| !names().any(|name| name == key.as_str())) else {
            return Ok(());
        };
        let hint =
            closest(unknown, names()).map_or(String::new(), |name| format!("; did you mean '{name}'?"));
        Err(format!("{SUITE_FILE}: [workload.{unknown}] is not in the suite{hint}"))
    }
}

/// Resolves the largest changes that are ignored: of all metrics by the argument, else by the nearest layer, else
/// those of `usual`; of single metrics by the layers.
pub(crate) fn resolve_thresholds(
    flag: Option<ShareSetting>,
    layers: &[&SuiteSettings],
    usual: Thresholds,
) -> Thresholds {
    let of_all = flag.or_else(|| layers.iter().find_map(|settings| settings.noise_threshold));
    let mut thresholds = of_all.map_or(usual, |share| Thresholds::uniform(share.0));
    let of_one = layers.iter().rev().flat_map(|settings| &settings.thresholds);
    of_one.for_each(|(metric, share)| thresholds.set(*metric, share.0));
    thresholds
}

/// Reads the suite file of the current directory, or returns an empty one if there is none.
///
/// # Errors
/// `E-WORKLOAD-007` if the file cannot be read, else what is wrong in it and where.
pub(crate) fn find_suite_file() -> Result<SuiteFile, InputErrors> {
    read_suite_file_of(Path::new(""))
}

/// Reads the suite file of a directory, or returns an empty one if there is none.
///
/// # Errors
/// Any error of [`find_suite_file`].
pub(crate) fn read_suite_file_of(directory: &Path) -> Result<SuiteFile, InputErrors> {
    let path = directory.join(SUITE_FILE);
    if path.is_file() { read_suite_file(&path) } else { Ok(SuiteFile::default()) }
}

/// Reads the suite file.
///
/// # Errors
/// `E-WORKLOAD-007` if it cannot be read, else what is wrong in it and where.
fn read_suite_file(path: &Path) -> Result<SuiteFile, InputErrors> {
    let name = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| {
        InputError::new(Code::WorkloadNotFound, format!("'{name}' cannot be read: {error}"))
    })?;
    parse(&name.to_string(), &text)
}

/// Reads the text of the suite file.
///
/// # Errors
/// What is wrong in it and where.
pub(crate) fn parse(name: &str, text: &str) -> Result<SuiteFile, InputErrors> {
    toml::from_str(text).map_err(|error| {
        let place = error.span().map(|span| SourceSpan::new(name.into(), text.into(), span));
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
        assert_eq!(file.settings.noise_threshold, Some(ShareSetting(0.05)));
        assert!(file.gate.strict && !file.gate.fail_on_regression);
        let scraper = &file.workload["web-scraper"];
        assert_eq!(scraper.thresholds[&Metric::P99], ShareSetting(0.2));
        assert_eq!(scraper.thresholds[&Metric::PeakRss], ShareSetting(0.1));
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
