//! Kinds of waiting and their shares of the waiting time.

use serde::{Deserialize, Serialize};

/// A kind of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaitKind {
    /// Waiting for a socket.
    Network,
    /// Waiting for a block device.
    Disk,
    /// Waiting for a timer.
    Sleep,
    /// Waiting for a lock.
    Lock,
    /// Waiting for a lock or for the time that limits the wait, of which neither was seen to end it.
    LockOrTimer,
    /// Waiting for a pipe or a terminal, or for a socket between two processes of the tree.
    Pipe,
    /// Waiting for a child process that no sample caught.
    Child,
    /// Waiting for a signal.
    Signal,
    /// Waiting for something else.
    Other,
}

impl WaitKind {
    /// Every kind, in the order of the JSON.
    pub const ALL: [WaitKind; 9] = [
        WaitKind::Network,
        WaitKind::Disk,
        WaitKind::Sleep,
        WaitKind::Lock,
        WaitKind::LockOrTimer,
        WaitKind::Pipe,
        WaitKind::Child,
        WaitKind::Signal,
        WaitKind::Other,
    ];

    /// Returns the word that users see.
    pub fn as_str(self) -> &'static str {
        match self {
            WaitKind::Network => "network",
            WaitKind::Disk => "disk",
            WaitKind::Sleep => "sleep",
            WaitKind::Lock => "lock",
            WaitKind::LockOrTimer => "lock or timer",
            WaitKind::Pipe => "pipe",
            WaitKind::Child => "child",
            WaitKind::Signal => "signal",
            WaitKind::Other => "other",
        }
    }
}

/// Shares of the waiting time by kind, each from 0 to 1; they sum to 1, or all are 0 where nothing is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Waits {
    /// Share of waits for a socket.
    pub network: f64,
    /// Share of waits for a block device.
    pub disk: f64,
    /// Share of waits for a timer.
    pub sleep: f64,
    /// Share of waits for a lock.
    pub lock: f64,
    /// Share of waits for a lock or for the time that limits the wait, of which neither was seen to end it.
    #[serde(default)]
    pub lock_or_timer: f64,
    /// Share of waits for a pipe or a terminal, or for a socket between two processes of the tree.
    pub pipe: f64,
    /// Share of waits for a child process that no sample caught.
    pub child: f64,
    /// Share of waits for a signal.
    #[serde(default)]
    pub signal: f64,
    /// Share of other waits.
    pub other: f64,
}

impl Waits {
    /// Returns the share of one kind, from 0 to 1.
    pub fn share(&self, kind: WaitKind) -> f64 {
        match kind {
            WaitKind::Network => self.network,
            WaitKind::Disk => self.disk,
            WaitKind::Sleep => self.sleep,
            WaitKind::Lock => self.lock,
            WaitKind::LockOrTimer => self.lock_or_timer,
            WaitKind::Pipe => self.pipe,
            WaitKind::Child => self.child,
            WaitKind::Signal => self.signal,
            WaitKind::Other => self.other,
        }
    }

    /// Returns every kind with its name and its share, in the order of the JSON.
    pub fn named(&self) -> [(&'static str, f64); 9] {
        WaitKind::ALL.map(|kind| (kind.as_str(), self.share(kind)))
    }

    /// Returns the kind with the largest share; `None` where nothing is known.
    pub fn main(&self) -> Option<WaitKind> {
        let main = WaitKind::ALL.into_iter().max_by(|a, b| self.share(*a).total_cmp(&self.share(*b)))?;
        (self.share(main) > 0.0).then_some(main)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_wait_is_the_one_with_the_largest_share() {
        assert_eq!(Waits { disk: 0.6, network: 0.4, ..Waits::default() }.main(), Some(WaitKind::Disk));
        assert_eq!(Waits::default().main(), None);
    }

    #[test]
    fn every_kind_has_its_own_share() {
        let waits = Waits {
            network: 1.0,
            disk: 2.0,
            sleep: 3.0,
            lock: 4.0,
            lock_or_timer: 5.0,
            pipe: 6.0,
            child: 7.0,
            signal: 8.0,
            other: 9.0,
        };
        assert_eq!(waits.named().map(|(_, share)| share), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
        assert_eq!(waits.named().map(|(name, _)| name).len(), WaitKind::ALL.len());
    }
}
