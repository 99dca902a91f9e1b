//! HTTP on the calling thread, by `ureq`.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use hyper::{Request, Uri};
use ureq::Agent;
use ureq::config::{AutoHeaderValue, Config};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::workload::step::http::answer::{ACTIVITY, Answer, MAX_BODY_BYTES, retry_after, too_long};
use crate::workload::step::network;

/// A client whose connections are shared by all threads.
#[derive(Debug)]
pub(super) struct Client {
    agent: Agent,
}

impl Client {
    /// Makes a client that keeps every connection, or none.
    pub(super) fn new(pool: bool) -> Self {
        let idle = if pool { usize::MAX } else { 0 };
        let config = Config::builder()
            .max_idle_connections(idle)
            .max_idle_connections_per_host(idle)
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_redirects(0)
            .proxy(None)
            .accept_encoding(AutoHeaderValue::None)
            .build();
        Client { agent: Agent::with_parts(config, DefaultConnector::new(), LiteralResolver::default()) }
    }

    /// Sends a request and reads the answer to its end.
    pub(super) fn run(
        &self,
        request: Request<()>,
        body: Option<&str>,
        deadline: Option<Instant>,
    ) -> Result<Answer, Error> {
        self.exchange(request, body, deadline).map_err(|error| describe(error, deadline.is_some()))
    }

    fn exchange(
        &self,
        mut request: Request<()>,
        body: Option<&str>,
        deadline: Option<Instant>,
    ) -> Result<Answer, ureq::Error> {
        if let Some(deadline) = deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            request = self.agent.configure_request(request).timeout_global(Some(left)).build();
        }
        let response = match body {
            Some(body) => self.agent.run(request.map(|()| body)),
            None => self.agent.run(request),
        }?;
        let (status, retry_after) = (response.status(), retry_after(response.headers()));
        let body = response.into_body().into_with_config().limit(MAX_BODY_BYTES).read_to_vec()?;
        Ok(Answer { status, body: body.into(), retry_after })
    }
}

/// Puts an error in the words of this program.
fn describe(error: ureq::Error, has_deadline: bool) -> Error {
    match error {
        ureq::Error::Timeout(_) if has_deadline => Error::timed_out(),
        ureq::Error::BodyExceedsLimit(_) => too_long(),
        ureq::Error::Io(error) => network::failure(ACTIVITY, &error),
        ureq::Error::Protocol(error) => Error::new(Code::TaskProtocol, format!("{ACTIVITY}: {error}")),
        other => network::failure(ACTIVITY, &other),
    }
}

/// Resolves numeric addresses on the spot.
///
/// `ureq` resolves before every request, whether or not it has a connection, and on a thread made
/// for that if there is a deadline; for a server on this machine that is most of the cost.
#[derive(Debug, Default)]
struct LiteralResolver {
    names: DefaultResolver,
}

impl Resolver for LiteralResolver {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let Some(addr) = literal(uri) else {
            return self.names.resolve(uri, config, timeout);
        };
        let mut addrs = self.empty();
        addrs.push(addr);
        Ok(addrs)
    }
}

/// Returns the address that `uri` states in numbers; `None` if it gives a name.
fn literal(uri: &Uri) -> Option<SocketAddr> {
    let ip: IpAddr = uri.host()?.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    Some(SocketAddr::new(ip, uri.port_u16().unwrap_or(default)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(uri: &str) -> Option<String> {
        literal(&uri.parse().unwrap()).map(|addr| addr.to_string())
    }

    #[test]
    fn numeric_hosts_need_no_resolver() {
        assert_eq!(resolved("http://127.0.0.1:81/a").as_deref(), Some("127.0.0.1:81"));
        assert_eq!(resolved("https://127.0.0.1/").as_deref(), Some("127.0.0.1:443"));
        assert_eq!(resolved("http://[::1]/").as_deref(), Some("[::1]:80"));
        assert_eq!(resolved("http://localhost/"), None);
    }
}
