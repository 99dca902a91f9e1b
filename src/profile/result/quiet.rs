//! The parts of a profile that say when there is no class, and who asks whom.

use serde::{Deserialize, Serialize};

/// The reason why there is no class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum NoClass {
    /// Hardly anything happened: nobody asked for anything.
    Idle {
        /// Wall seconds that were quiet; of a command, those after its start.
        wall_s: f64,
        /// CPU seconds used in them.
        cpu_s: f64,
        /// Number of times that a thread was given a CPU in them.
        wakeups: u64,
    },
    /// A signal kept the program stopped nearly all the time.
    Stopped {
        /// Wall seconds profiled.
        wall_s: f64,
        /// Seconds for which the program was stopped.
        stopped_s: f64,
    },
}

/// Sockets of a tree, by who asks whom; the largest numbers that were seen at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Sockets {
    /// Sockets that wait for connections.
    pub listening: u64,
    /// Connections that clients outside the tree made to it.
    pub clients: u64,
    /// Connections that the tree made to servers outside of it.
    pub servers: u64,
}

impl Sockets {
    /// Returns the larger of each number.
    #[must_use]
    pub(crate) fn most(self, other: Sockets) -> Sockets {
        Sockets {
            listening: self.listening.max(other.listening),
            clients: self.clients.max(other.clients),
            servers: self.servers.max(other.servers),
        }
    }

    /// Returns whether the tree is asked by others and asks nobody itself.
    pub fn is_server(&self) -> bool {
        self.listening + self.clients > 0 && self.servers == 0
    }
}
