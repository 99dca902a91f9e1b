//! The number that a program reports of itself: `--metric REGEX`.

use regex::Regex;
use serde::{Deserialize, Serialize};

/// What is read from the output of the program.
#[derive(Debug, Clone)]
pub(crate) struct Metric {
    pattern: Regex,
    /// True if less is better.
    pub minimize: bool,
}

impl PartialEq for Metric {
    fn eq(&self, other: &Self) -> bool {
        (self.pattern.as_str(), self.minimize) == (other.pattern.as_str(), other.minimize)
    }
}

/// The metric as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MetricInfo {
    /// The regular expression, whose first group is the number.
    pub pattern: String,
    /// `maximize` or `minimize`.
    pub goal: Goal,
}

/// The direction that is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// More is better.
    Maximize,
    /// Less is better.
    Minimize,
}

impl Metric {
    /// Reads a regular expression with a group.
    ///
    /// # Errors
    /// When it is none, or has no group.
    pub(crate) fn parse(pattern: &str, minimize: bool) -> Result<Self, String> {
        let regex = Regex::new(pattern).map_err(|error| {
            let error = error.to_string();
            let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            format!("'{pattern}' is not a regular expression: {reason}")
        })?;
        if regex.captures_len() < 2 {
            return Err(format!(
                "'{pattern}' has no group; put the number in parentheses, as in 'Requests/sec: +([0-9.]+)'"
            ));
        }
        Ok(Metric { pattern: regex, minimize })
    }

    /// Returns the metric as reports show it.
    pub(crate) fn info(&self) -> MetricInfo {
        let goal = if self.minimize { Goal::Minimize } else { Goal::Maximize };
        MetricInfo { pattern: self.pattern.as_str().to_owned(), goal }
    }

    /// Returns the number in a line, if the pattern finds one above 0 there. Thousands may be separated by commas.
    pub(crate) fn find(&self, line: &str) -> Option<f64> {
        let group = self.pattern.captures(line)?.get(1)?.as_str().trim().replace(',', "");
        group.parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_is_the_number() {
        let metric = Metric::parse("Requests/sec: +([0-9.,]+)", false).expect("a metric");
        assert_eq!(metric.find("Requests/sec:   1,234.5"), Some(1234.5));
        assert_eq!(metric.find("Requests/sec: none"), None);
        assert_eq!(metric.find("Requests/sec: 0"), None);
    }

    #[test]
    fn a_pattern_without_a_group_is_refused() {
        assert!(Metric::parse("[0-9]+", false).expect_err("refused").contains("no group"));
        assert!(Metric::parse("(", false).expect_err("refused").contains("not a regular expression"));
    }
}
