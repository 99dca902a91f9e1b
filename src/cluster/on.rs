//! `--on`: the engine to run on.

use std::str::FromStr;

/// Protocols of `dask.distributed` that a scheduler may be reached by.
const PROTOCOLS: [&str; 4] = ["tcp://", "tls://", "ws://", "wss://"];

/// The engine to run on, as it is written on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum On {
    /// A cluster of `dask.distributed`.
    Dask {
        /// The address of its scheduler; `None` starts a cluster on this machine.
        address: Option<String>,
    },
}

impl FromStr for On {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            None if text == "dask" => Ok(On::Dask { address: None }),
            Some(("dask", text)) => address(text),
            _ => Err("write dask or dask=tcp://HOST:PORT".to_owned()),
        }
    }
}

/// Reads the address of a scheduler, which has to be whole: a guess might reach somebody else's.
fn address(text: &str) -> Result<On, String> {
    let rest = PROTOCOLS.iter().find_map(|protocol| text.strip_prefix(protocol));
    let port = rest.and_then(|rest| rest.rsplit_once(':')).filter(|(host, _)| !host.is_empty());
    match port.and_then(|(_, port)| port.parse::<u16>().ok()) {
        Some(port) if port > 0 => Ok(On::Dask { address: Some(text.to_owned()) }),
        _ => Err(format!("'{text}' is no address of a scheduler; write dask=tcp://HOST:PORT")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_named_and_an_address_is_whole() {
        let of = |text: &str| text.parse::<On>();
        assert_eq!(of("dask"), Ok(On::Dask { address: None }));
        let address = Some("tcp://10.0.0.1:8786".to_owned());
        assert_eq!(of("dask=tcp://10.0.0.1:8786"), Ok(On::Dask { address }));
        for text in
            ["", "ray", "dask=", "dask=10.0.0.1:8786", "dask=tcp://host", "dask=tcp://:1", "dask=tcp://h:0"]
        {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
