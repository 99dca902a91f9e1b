//! The answer to a request, whichever client sent it.

use bytes::Bytes;
use hyper::StatusCode;

/// The activity that the message of a failure names.
pub(super) const ACTIVITY: &str = "request";

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}
