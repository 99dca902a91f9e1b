//! Keeps a sweep of widths away from machines that are somebody else's.

use std::net::IpAddr;

use hyper::Uri;

use crate::diagnostics::Code;
use crate::workload::item::{Item, Items};
use crate::workload::template::{PLACEHOLDER, Template};

/// The protocol that an address is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Requests and answers.
    Http,
    /// Messages both ways.
    WebSocket,
}

impl Protocol {
    /// Returns the schemes that an address may have; WebSocket has no TLS here.
    fn schemes(self) -> &'static [&'static str] {
        match self {
            Protocol::Http => &["http", "https"],
            Protocol::WebSocket => &["ws"],
        }
    }
}

/// The reasons why an address cannot be used; fragments that follow the name of its key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// The text is not an address.
    #[error("is not a valid address: '{url}': {why}")]
    Invalid {
        /// The address, with its item.
        url: String,
        /// The defect.
        why: String,
    },
    /// There are too many hosts to look at, and nothing bounds the load.
    #[error(
        "has a host of its own for each of {tasks} tasks, of which {MAX_CHECKED_ITEMS} at most are checked"
    )]
    TooMany {
        /// The number of tasks.
        tasks: u64,
    },
    /// The address is on another machine, and nothing bounds the load.
    #[error("points at '{host}', which is not this machine, and the workload sets no limit")]
    Remote {
        /// The host of the address.
        host: String,
    },
}

/// Most addresses that are checked one by one, in a fraction of a second. Where there are more, and the workload sets
/// a limit itself, the first ones stand for all.
const MAX_CHECKED_ITEMS: u64 = 100_000;

impl Refused {
    /// Returns the kind of error.
    pub(super) fn code(&self) -> Code {
        match self {
            Refused::Invalid { .. } => Code::WorkloadValue,
            Refused::Remote { .. } | Refused::TooMany { .. } => Code::WorkloadRemote,
        }
    }

    /// Returns the remedy, unless it is obvious.
    pub(super) fn help(&self) -> Option<&'static str> {
        match self {
            Refused::Invalid { .. } => None,
            Refused::Remote { .. } | Refused::TooMany { .. } => {
                Some("set max_in_flight or rate_per_s under [limits] to what the owner of the host allows")
            }
        }
    }
}

/// Checks the address of a step, for every item if the host depends on it.
///
/// `bounded` says whether the workload sets a limit itself; without one only this machine may be
/// addressed. An item after the host cannot change the host, so any item stands for all of them.
/// Without `items`, because they are wrong themselves, an address that starts with one is let through.
pub(super) fn check(
    url: &str,
    protocol: Protocol,
    items: Option<&Items>,
    bounded: bool,
) -> Result<(), Refused> {
    let template = Template::new(url);
    if let Some(path) = url.strip_prefix("fixture:") {
        return check_fixture(url, path);
    }
    if !start_varies(url) {
        return check_one(&template.render(Item::Index(0)), protocol, bounded);
    }
    let Some(items) = items else { return Ok(()) };
    if items.len() > MAX_CHECKED_ITEMS && !bounded {
        return Err(Refused::TooMany { tasks: items.len() });
    }
    (0..items.len().min(MAX_CHECKED_ITEMS))
        .try_for_each(|i| check_one(&template.render(items.get(i)), protocol, bounded))
}

/// Returns true if the item is part of the scheme, the user, the host or the port.
fn start_varies(url: &str) -> bool {
    start(url).contains(PLACEHOLDER)
}

/// Returns the part of an address that decides which machine it is: everything before the path.
fn start(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..].find(['/', '?', '#']).map_or(url.len(), |at| authority + at);
    &url[..end]
}

fn check_fixture(url: &str, path: &str) -> Result<(), Refused> {
    if path.starts_with('/') {
        return Ok(());
    }
    let why = "write a path after it, as in fixture:/page".to_owned();
    Err(Refused::Invalid { url: url.to_owned(), why })
}

fn check_one(url: &str, protocol: Protocol, bounded: bool) -> Result<(), Refused> {
    let host = host(url, protocol).map_err(|why| Refused::Invalid { url: url.to_owned(), why })?;
    if bounded || is_loopback(&host) { Ok(()) } else { Err(Refused::Remote { host }) }
}

/// Returns the host of an absolute address, without the brackets of IPv6.
///
/// The path is not looked at: what may not stand in one is escaped when the request is made.
fn host(url: &str, protocol: Protocol) -> Result<String, String> {
    let schemes = protocol.schemes();
    let wanted = || format!("it must start with {}:// or fixture:/", schemes.join("://, "));
    if url.starts_with("fixture:") {
        return Err("an item cannot choose the fixture; write fixture: in the workload".to_owned());
    }
    let uri = start(url).parse::<Uri>().map_err(|error| error.to_string())?;
    let authority = uri.authority().ok_or_else(wanted)?;
    if !uri.scheme_str().is_some_and(|scheme| schemes.contains(&scheme)) {
        return Err(wanted());
    }
    let host = authority.host();
    let after_user = authority.as_str().rsplit('@').next().unwrap_or_default();
    let port = after_user.strip_prefix(host).unwrap_or_default();
    if host.is_empty() {
        return Err("it has no host".to_owned());
    }
    if !port.is_empty() && authority.port_u16().is_none() {
        return Err(format!("'{}' is not a port", port.trim_start_matches(':')));
    }
    Ok(host.trim_start_matches('[').trim_end_matches(']').to_owned())
}

/// Returns true if a host is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_http(url: &str) -> Result<(), Refused> {
        check(url, Protocol::Http, Some(&Items::Count(3)), false)
    }

    fn remote(host: &str) -> Result<(), Refused> {
        Err(Refused::Remote { host: host.to_owned() })
    }

    #[test]
    fn this_machine_needs_no_limit() {
        for url in [
            "http://localhost/x",
            "HTTP://LOCALHOST:80",
            "https://127.0.0.1:8443/{item}",
            "http://127.8.9.1?q={item}",
            "http://[::1]:80/",
            "http://somebody:secret@localhost:99/#f",
            "fixture:/page/{item}",
            "fixture:/page?q={item}",
            "http://localhost/a b|{item}",
        ] {
            assert_eq!(check_http(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn other_machines_do_however_they_are_written() {
        for (url, host) in [
            ("http://example.com/", "example.com"),
            ("HTTPS://Example.com:443", "Example.com"),
            ("http://localhost@example.com/", "example.com"),
            ("http://localhost:80@example.com:80/", "example.com"),
            ("http://localhost.example.com/", "localhost.example.com"),
            ("http://127.0.0.1.example.com/", "127.0.0.1.example.com"),
            ("http://10.0.0.1/", "10.0.0.1"),
            ("http://[2001:db8::1]:80/", "2001:db8::1"),
            ("http://127.1/", "127.1"),
            ("http://host{item}/", "host0"),
        ] {
            assert_eq!(check_http(url), remote(host), "{url}");
            assert_eq!(
                check(url, Protocol::Http, Some(&Items::Count(3)), true),
                Ok(()),
                "{url} with a limit"
            );
        }
    }

    #[test]
    fn every_item_that_chooses_a_host_is_checked() {
        let items = Items::List(vec!["http://localhost/a".into(), "http://example.com/b".into()]);
        assert_eq!(check("{item}", Protocol::Http, Some(&items), false), remote("example.com"));
        assert_eq!(check("{item}", Protocol::Http, Some(&items), true), Ok(()));
        let items = Items::List(vec!["localhost".into(), "example.com".into()]);
        assert_eq!(check("http://{item}/a", Protocol::Http, Some(&items), false), remote("example.com"));
        let items = Items::List(vec!["localhost:1".into(), "@example.com".into()]);
        assert_eq!(check("http://{item}", Protocol::Http, Some(&items), false), remote("example.com"));
    }

    #[test]
    fn websockets_have_schemes_of_their_own() {
        let check_ws = |url| check(url, Protocol::WebSocket, Some(&Items::Count(1)), false);
        assert_eq!(check_ws("ws://localhost/x"), Ok(()));
        assert_eq!(check_ws("ws://example.com/x"), remote("example.com"));
        assert!(matches!(check_ws("wss://localhost/x"), Err(Refused::Invalid { .. })));
        assert!(matches!(check_ws("http://localhost/x"), Err(Refused::Invalid { .. })));
    }

    #[test]
    fn what_is_no_address_is_refused_with_or_without_a_limit() {
        for url in [
            "localhost:80",
            "/path",
            "ftp://localhost/",
            "http://",
            "http:///x",
            "http://:80/",
            "http://localhost:99999/",
            "http://localhost:{item}x/",
            "http://a b/",
            "http://[::1",
            "http://example.com\\@localhost/",
            "fixture:",
            "fixture:page",
        ] {
            for bounded in [false, true] {
                let refused = check(url, Protocol::Http, Some(&Items::Count(1)), bounded);
                assert!(matches!(refused, Err(Refused::Invalid { .. })), "{url}: {refused:?}");
            }
        }
    }

    #[test]
    fn an_item_cannot_choose_the_fixture() {
        let items = Items::List(vec!["fixture:/a".into()]);
        let refused = check("{item}", Protocol::Http, Some(&items), true).expect_err("no fixture runs");
        assert!(refused.to_string().contains("cannot choose the fixture"), "{refused}");
    }
}
