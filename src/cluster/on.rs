//! `--on`: the engine to run on.

use std::fmt;
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
    /// Slurm.
    Slurm {
        /// The partition; `None` is the default of the cluster.
        partition: Option<String>,
    },
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            On::Dask { address: None } => f.write_str("dask"),
            On::Dask { address: Some(address) } => write!(f, "dask={address}"),
            On::Slurm { partition: None } => f.write_str("slurm"),
            On::Slurm { partition: Some(partition) } => write!(f, "slurm:{partition}"),
        }
    }
}

impl FromStr for On {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(['=', ':']) {
            None if text == "dask" => Ok(On::Dask { address: None }),
            None if text == "slurm" => Ok(On::Slurm { partition: None }),
            Some(("dask", text)) => address(text),
            Some(("slurm", partition)) if is_partition(partition) => {
                Ok(On::Slurm { partition: Some(partition.to_owned()) })
            }
            Some(("slurm", partition)) => Err(format!("'{partition}' is no name of a partition")),
            _ => Err("write dask, dask=tcp://HOST:PORT, slurm or slurm:PARTITION".to_owned()),
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

/// Returns true for names that Slurm gives to partitions: a list of words without spaces or shell syntax.
fn is_partition(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with('-')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ','))
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
        assert_eq!(of("slurm"), Ok(On::Slurm { partition: None }));
        assert_eq!(of("slurm:long"), Ok(On::Slurm { partition: Some("long".to_owned()) }));
        for text in
            ["", "ray", "dask=", "dask=10.0.0.1:8786", "dask=tcp://host", "dask=tcp://:1", "dask=tcp://h:0"]
        {
            assert!(of(text).is_err(), "{text}");
        }
        for text in ["dask", "dask=tcp://h:1", "slurm", "slurm:a,b"] {
            assert_eq!(of(text).map(|on| on.to_string()), Ok(text.to_owned()));
        }
        for text in ["slurm:", "slurm:a b", "slurm:$(x)", "slurm:--wrap"] {
            assert!(of(text).is_err(), "{text}");
        }
    }
}
