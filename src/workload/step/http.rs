//! `http`: one request to an HTTP/1.1 server, its answer read to the end.
//!
//! Both forms send the same headers, follow no redirects and use no proxy, so that what is compared
//! is how they wait.

mod answer;
mod blocking;
mod nonblocking;

use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use hyper::header::{ACCEPT, CONNECTION, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::fixture::protocol::ATTEMPT_HEADER;
use crate::workload::spec::HttpSpec;
use crate::workload::step::address::Address;
use crate::workload::step::http::answer::Answer;
use crate::workload::step::{StepOutput, TaskContext, network};
use crate::workload::template::Template;

/// The user agent that the step sends to servers.
const AGENT: &str = concat!("conc/", env!("CARGO_PKG_VERSION"));

/// An HTTP request.
#[derive(Debug)]
pub struct Http {
    address: Address,
    method: Method,
    body: Option<Template>,
    pool: bool,
    /// Made when first used, so that a process that only uses the other client pays nothing.
    blocking: OnceLock<blocking::Client>,
    nonblocking: nonblocking::Clients,
    redirects: AtomicU64,
}

impl Http {
    /// Resolves the address; connects to nothing yet.
    pub fn prepare(spec: &HttpSpec, env: &Env) -> Result<Self, String> {
        let method = spec.method.parse().map_err(|_| format!("'{}' is not an HTTP method", spec.method))?;
        // These methods promise a body, be it an empty one.
        let promised = matches!(method, Method::POST | Method::PUT | Method::PATCH);
        let body = spec.body.clone().or_else(|| promised.then(String::new));
        Ok(Http {
            address: Address::resolve(&spec.url, &["http", "https"], env)?,
            method,
            body: body.map(Template::new),
            pool: spec.pool,
            blocking: OnceLock::new(),
            nonblocking: nonblocking::Clients::new(spec.pool),
            redirects: AtomicU64::new(0),
        })
    }

    /// Waits for the answer on the calling thread, no longer than the task may take.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        let client = self.blocking.get_or_init(|| blocking::Client::new(self.pool));
        self.judge(client.run(self.request(task)?, self.body(task).as_deref(), task.deadline)?)
    }

    /// Waits for the answer on the event loop.
    pub async fn run_async(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        let body = self.body(task).map_or_else(Bytes::new, |text| Bytes::from(text.into_owned()));
        self.judge(self.nonblocking.current().run(self.request(task)?.map(|()| body)).await?)
    }

    /// Returns the answers so far with a status of 300 to 399.
    pub fn redirects(&self) -> u64 {
        self.redirects.load(Ordering::Relaxed)
    }

    fn judge(&self, answer: Answer) -> Result<StepOutput, Error> {
        if answer.status.is_redirection() {
            self.redirects.fetch_add(1, Ordering::Relaxed);
        }
        judge(answer)
    }

    fn body(&self, task: &TaskContext<'_>) -> Option<Cow<'_, str>> {
        self.body.as_ref().map(|template| template.render(task.item))
    }

    fn request(&self, task: &TaskContext<'_>) -> Result<Request<()>, Error> {
        let mut request = Request::new(());
        *request.uri_mut() = self.address.uri(task.item)?;
        *request.method_mut() = self.method.clone();
        let headers = request.headers_mut();
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        if !self.pool {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.address.is_fixture() && task.attempt > 0 {
            headers.insert(ATTEMPT_HEADER, HeaderValue::from(task.attempt));
        }
        Ok(request)
    }
}

/// Distinguishes success from failure. The digest covers the status too: an empty 200 is not a 204.
fn judge(answer: Answer) -> Result<StepOutput, Error> {
    let Answer { status, body, retry_after } = answer;
    if status.is_client_error() || status.is_server_error() {
        return Err(network::bad_status(status, retry_after));
    }
    Ok(StepOutput { digest: xxh3_64_with_seed(&body, u64::from(status.as_u16())), bytes: body })
}

#[cfg(test)]
mod tests {
    use hyper::StatusCode;

    use std::time::Duration;

    use super::*;
    use crate::diagnostics::Code;
    use crate::workload::step::retry_after::RetryAfter;

    fn answer(status: u16, body: &'static str) -> Answer {
        let (status, body) = (StatusCode::from_u16(status).unwrap(), Bytes::from_static(body.as_bytes()));
        Answer { status, body, retry_after: None }
    }

    #[test]
    fn the_digest_covers_status_and_body() {
        let digest = |status, body| judge(answer(status, body)).unwrap().digest;
        assert_eq!(digest(200, "a"), digest(200, "a"));
        assert_ne!(digest(200, "a"), digest(200, "b"));
        assert_ne!(digest(200, ""), digest(204, ""));
    }

    #[test]
    fn an_answer_of_400_or_above_is_a_failure() {
        let error = judge(answer(503, "a")).unwrap_err();
        assert_eq!(error.code, Code::TaskHttpStatus);
        assert_eq!(error.message, "status 503 Service Unavailable");
        assert!(judge(answer(399, "a")).is_ok());
        assert_eq!(RetryAfter::of(&error), None);
        let asked =
            judge(Answer { retry_after: Some(Duration::from_secs(2)), ..answer(429, "") }).unwrap_err();
        assert_eq!(RetryAfter::of(&asked), Some(Duration::from_secs(2)));
    }
}
