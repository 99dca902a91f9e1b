//! A question with what its asker says about the work.

use serde::{Deserialize, Serialize};

use crate::profile::Class;

/// The concurrency that the asker uses or asks about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum UsedPattern {
    /// Coroutines on an event loop.
    Async,
    /// Threads.
    Threading,
    /// Processes.
    Multiprocessing,
}

/// A question, or an error message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    /// The words.
    pub text: String,
    /// The class of the work, if the asker knows it.
    pub class: Option<Class>,
    /// The concurrency that the asker uses, if any.
    pub pattern: Option<UsedPattern>,
}

impl Question {
    /// Returns a question without further knowledge.
    #[cfg(test)]
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Question { text: text.into(), class: None, pattern: None }
    }

    /// Returns words for what the asker knows beside the question.
    pub(super) fn hints(&self) -> String {
        let class = match self.class {
            Some(Class::IoBound) => "io network wait",
            Some(Class::CpuBound) => "cpu compute cores",
            Some(Class::Mixed) => "pipeline steps",
            None => "",
        };
        let pattern = match self.pattern {
            Some(UsedPattern::Async) => "async event loop",
            Some(UsedPattern::Threading) => "threads",
            Some(UsedPattern::Multiprocessing) => "processes",
            None => "",
        };
        format!("{class} {pattern}")
    }
}
