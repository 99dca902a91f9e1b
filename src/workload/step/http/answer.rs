//! The answer to a request, whichever client sent it.

use std::time::{Duration, SystemTime};

use hyper::header::RETRY_AFTER;
use hyper::{HeaderMap, StatusCode};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::units::Bytes;

/// The activity that the message of a failure names.
pub(super) const ACTIVITY: &str = "request";

/// Longest answer that is read, in bytes: every task in flight holds one in memory.
pub(super) const MAX_BODY_BYTES: u64 = 64 << 20;

/// Returns the error of an answer that is longer.
pub(super) fn too_long() -> Error {
    let message = format!("{ACTIVITY}: the answer is longer than {}", Bytes(MAX_BODY_BYTES));
    Error::new(Code::TaskProtocol, message)
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: bytes::Bytes,
    /// The pause before the next attempt that the server asks for.
    pub(super) retry_after: Option<Duration>,
}

/// Returns the pause that `Retry-After` asks for: a number of seconds, or a time (RFC 9110, 10.2.3).
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(SystemTime::now()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn asked(value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_str(value).expect("a value"));
        retry_after(&headers)
    }

    #[test]
    fn a_pause_is_a_number_of_seconds_or_a_time() {
        assert_eq!(asked("3"), Some(Duration::from_secs(3)));
        assert_eq!(asked("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO), "that time has passed");
        assert!(asked("Fri, 31 Dec 9999 23:59:59 GMT") > Some(Duration::from_secs(1 << 30)));
        assert_eq!((asked("soon"), asked("-1"), retry_after(&HeaderMap::new())), (None, None, None));
    }
}
