//! The pause that a server asked for when it refused a request.

use std::time::Duration;

use crate::error::Error;

/// The cause of an error: a server refused, and said when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server asks for a pause of {} s", .0.as_secs())]
pub(crate) struct RetryAfter(pub(crate) Duration);

impl RetryAfter {
    /// Returns the pause that an error asks for.
    pub(crate) fn of(error: &Error) -> Option<Duration> {
        let source = error.source.as_deref()?;
        source.downcast_ref::<RetryAfter>().map(|asked| asked.0)
    }
}
