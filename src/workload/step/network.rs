//! Network errors, described equally for every client.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::workload::step::retry_after::RetryAfter;

/// Returns the error of a connection that could not be made, or that broke.
///
/// Clients wrap the error of the operating system in layers that name addresses and ports or say nothing, so
/// the message quotes the innermost layer.
pub(super) fn failure(doing: &str, error: &(dyn std::error::Error + 'static)) -> Error {
    match os_error(error) {
        Some(os) => Error::from_io(Code::TaskNetwork, doing, os),
        None => Error::new(Code::TaskNetwork, format!("{doing}: {}", innermost(error))),
    }
}

/// Returns the error of an answer whose status says that the request failed, with the pause that it asks for.
pub(super) fn bad_status(status: StatusCode, retry_after: Option<Duration>) -> Error {
    let error = Error::new(Code::TaskHttpStatus, format!("status {status}"));
    match retry_after {
        None => error,
        Some(pause) => Error { source: Some(Arc::new(RetryAfter(pause))), ..error },
    }
}

fn os_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a io::Error> {
    match error.downcast_ref::<io::Error>() {
        Some(io) if io.raw_os_error().is_some() => Some(io),
        // The source of such an error is that of the one it wraps, which would be passed over.
        Some(io) => io.get_ref().and_then(|inner| os_error(inner)),
        None => error.source().and_then(os_error),
    }
}

fn innermost<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a (dyn std::error::Error + 'static) {
    error.source().map_or(error, innermost)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot reach 127.0.0.1:4711")]
    struct Layer(#[source] io::Error);

    #[test]
    fn the_operating_system_is_quoted_without_the_layers_around_it() {
        let refused = || io::Error::from_raw_os_error(libc::ECONNREFUSED);
        let error = failure("request", &io::Error::other(Layer(refused())));
        assert_eq!(error.code, Code::TaskNetwork);
        assert_eq!(error.message, format!("request: {}", refused()));
    }

    #[test]
    fn running_out_of_descriptors_is_told_from_a_broken_network() {
        let exhausted = io::Error::from_raw_os_error(libc::EMFILE);
        assert_eq!(failure("request", &Layer(exhausted)).code, Code::AsyncExhausted);
    }

    #[test]
    fn without_an_operating_system_error_the_innermost_layer_is_quoted() {
        let error = failure("request", &Layer(io::Error::other("connection closed")));
        assert_eq!(error.message, "request: connection closed");
    }
}
