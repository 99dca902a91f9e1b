//! Progress of a command, as lines of JSON on its standard error.

use serde::{Deserialize, Serialize};

/// Progress of a command that a server of `conc mcp` runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProgressLine {
    /// The state in words, such as `measuring async 64`.
    #[serde(rename = "conc_progress")]
    pub message: String,
    /// The measuring time that the command has, in seconds, if it is bounded.
    pub budget_s: Option<f64>,
}

impl ProgressLine {
    /// Returns the line without its end.
    pub(crate) fn to_line(&self) -> String {
        serde_json::to_string(self).expect("text and a number are plain JSON")
    }

    /// Reads a line; `None` if it is something else, such as a warning.
    pub(crate) fn parse(line: &str) -> Option<ProgressLine> {
        serde_json::from_str(line).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_survives_and_other_lines_are_none() {
        let line = ProgressLine { message: "measuring async 64".to_owned(), budget_s: Some(5.0) };
        assert_eq!(ProgressLine::parse(&line.to_line()), Some(line));
        for other in ["Warning    the machine is busy", "{\"message\": \"of a program\"}", "{}", ""] {
            assert_eq!(ProgressLine::parse(other), None, "{other}");
        }
    }
}
