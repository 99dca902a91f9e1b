//! The address that a network step connects to.

use hyper::Uri;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::item::Item;
use crate::workload::spec::EMBEDDED_SERVER;
use crate::workload::template::Template;

/// A URL, in which the item may occur.
#[derive(Debug)]
pub(super) struct Address {
    template: Template,
    /// The parsed URL, if the item does not occur in it.
    constant: Option<Uri>,
    schemes: &'static [&'static str],
    fixture: bool,
}

impl Address {
    /// Puts the address of the embedded server in place of `fixture:`, with the first of `schemes`,
    /// which are those the step speaks.
    pub(super) fn resolve(url: &str, schemes: &'static [&'static str], env: &Env) -> Result<Self, String> {
        let path = url.strip_prefix(EMBEDDED_SERVER);
        let url = match (path, env.fixture) {
            (None, _) => url.to_owned(),
            (Some(path), _) if !path.starts_with('/') => {
                return Err(format!("'{url}' has no path; write fixture:/path"));
            }
            (Some(path), Some(addr)) => format!("{}://{addr}{path}", schemes[0]),
            (Some(_), None) => return Err("the embedded server is not running".to_owned()),
        };
        let template = Template::new(url);
        let constant =
            if template.varies() { None } else { Some(parse(&template.render(Item::Index(0)), schemes)?) };
        Ok(Address { template, constant, schemes, fixture: path.is_some() })
    }

    /// Returns true for the embedded server.
    pub(super) fn is_fixture(&self) -> bool {
        self.fixture
    }

    /// Returns the URL for one item.
    pub(super) fn uri(&self, item: Item<'_>) -> Result<Uri, Error> {
        match &self.constant {
            Some(uri) => Ok(uri.clone()),
            None => parse(&self.template.render(item), self.schemes)
                .map_err(|message| Error::new(Code::WorkloadValue, message)),
        }
    }
}

/// Parses an absolute URL. The message does not repeat it, so that failures can be counted together.
fn parse(text: &str, schemes: &[&str]) -> Result<Uri, String> {
    let uri: Uri = match text.parse() {
        Ok(uri) => uri,
        Err(_) => escape(text).parse().map_err(|error| format!("the address is not a URL: {error}"))?,
    };
    let scheme = uri.scheme_str().filter(|_| uri.host().is_some());
    if scheme.is_some_and(|scheme| schemes.contains(&scheme)) {
        Ok(uri)
    } else {
        Err(format!("the address does not start with {}://", schemes.join(":// or ")))
    }
}

/// Percent-encodes what may not stand in a URL, as items with spaces in them would need.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTTP: &[&str] = &["http", "https"];

    fn env(fixture: Option<&str>) -> Env {
        Env {
            exe: "conc".into(),
            fixture: fixture.map(|addr| addr.parse().unwrap()),
            state_dir: "unused".into(),
            seed: 0,
            permutation_id: 0,
        }
    }

    fn resolve(url: &str) -> Result<Address, String> {
        Address::resolve(url, HTTP, &env(Some("127.0.0.1:81")))
    }

    #[test]
    fn the_embedded_server_is_put_in_place() {
        let address = resolve("fixture:/page/{item}").unwrap();
        assert_eq!(address.uri(Item::Index(7)).unwrap(), "http://127.0.0.1:81/page/7");
        assert!(address.is_fixture());
    }

    #[test]
    fn the_embedded_server_has_to_run_and_to_be_asked_for_a_path() {
        let error = Address::resolve("fixture:/page", HTTP, &env(None)).unwrap_err();
        assert_eq!(error, "the embedded server is not running");
        assert!(resolve("fixture:page").unwrap_err().contains("write fixture:/path"));
    }

    #[test]
    fn a_whole_url_may_be_the_item() {
        let address = resolve("{item}").unwrap();
        assert_eq!(address.uri(Item::Text("https://a.example/b")).unwrap(), "https://a.example/b");
        assert!(!address.is_fixture());
        assert_eq!(address.uri(Item::Text("readme.txt")).unwrap_err().code, Code::WorkloadValue);
    }

    #[test]
    fn items_are_percent_encoded_where_they_have_to_be() {
        let address = resolve("fixture:/{item}").unwrap();
        assert_eq!(address.uri(Item::Text("a b\"c")).unwrap().path(), "/a%20b%22c");
        assert_eq!(address.uri(Item::Text("a%20b")).unwrap().path(), "/a%20b");
    }

    #[test]
    fn a_constant_address_is_checked_when_prepared() {
        assert!(resolve("ftp://a.example/").unwrap_err().contains("http:// or https://"));
        assert!(resolve("/relative").unwrap_err().contains("http:// or https://"));
    }
}
