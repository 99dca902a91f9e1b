//! Gaps of a profile that was taken from outside.

use crate::host::procfs::Peer;
use crate::profile::result::{Class, SampleSource, Unknown, WaitKind, Waits};

/// Share of the waiting time from which a kind of wait, or the lack of a known one, is worth reporting.
const MUCH_WAITING_SHARE: f64 = 0.2;

/// Share of the CPU time from which processes that no sample caught are worth reporting.
pub(crate) const MUCH_UNSEEN_SHARE: f64 = 0.3;

/// Figures that the gaps depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct UnknownInputs<'a> {
    /// Class of the work, if there is one.
    pub class: Option<Class>,
    /// Share of its time that the work computes, from 0 to 1.
    pub cpu_fraction: f64,
    /// Kinds of its waits.
    pub waits: &'a Waits,
    /// Share of its CPU time that no sample caught, from 0 to 1; 0 where there is hardly any CPU time.
    pub unseen_share: f64,
    /// Source of the samples.
    pub source: SampleSource,
    /// Place of the first server that was waited for, where one was found.
    pub peer: Option<Peer>,
    /// True if others ask the tree, and the tree asks nobody: it waits for its clients.
    pub is_server: bool,
    /// True if a signal kept the tree stopped: it waited for nothing else.
    pub is_stopped: bool,
}

/// Returns the gaps that matter for this work.
pub(crate) fn unknown(inputs: &UnknownInputs<'_>) -> Vec<Unknown> {
    let UnknownInputs { class, cpu_fraction, waits, unseen_share, source, peer, is_server, is_stopped } =
        *inputs;
    let waiting = 1.0 - cpu_fraction;
    let mut unknown = Vec::new();
    if waits.share(WaitKind::Network) * waiting >= MUCH_WAITING_SHARE && !is_server {
        let is_local = peer == Some(Peer::Loopback);
        unknown.push(if is_local { Unknown::LocalServerCpu } else { Unknown::RemoteServer });
    }
    if class.is_some_and(|class| class != Class::IoBound) {
        unknown.push(Unknown::MemoryStalls);
    }
    if source == SampleSource::Sysinfo {
        unknown.push(Unknown::WaitsNotReported);
    } else if waiting >= MUCH_WAITING_SHARE && waits.main().is_none() && !is_stopped {
        unknown.push(Unknown::WaitsNotSeen);
    }
    if unseen_share > MUCH_UNSEEN_SHARE {
        unknown.push(Unknown::ShortProcesses { cpu_share: unseen_share });
    }
    unknown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gap_has_its_cause() {
        let network = Waits { network: 1.0, ..Waits::default() };
        let waiting = UnknownInputs {
            class: Some(Class::IoBound),
            cpu_fraction: 0.1,
            waits: &network,
            unseen_share: 0.0,
            source: SampleSource::Proc,
            peer: Some(Peer::Loopback),
            is_server: false,
            is_stopped: false,
        };
        assert_eq!(unknown(&waiting), [Unknown::LocalServerCpu]);
        assert_eq!(unknown(&UnknownInputs { peer: None, ..waiting }), [Unknown::RemoteServer]);
        assert_eq!(unknown(&UnknownInputs { is_server: true, class: None, ..waiting }), []);
        let none = Waits::default();
        assert_eq!(unknown(&UnknownInputs { waits: &none, ..waiting }), [Unknown::WaitsNotSeen]);
        assert_eq!(unknown(&UnknownInputs { waits: &none, is_stopped: true, ..waiting }), []);
        let computing = UnknownInputs { class: Some(Class::CpuBound), cpu_fraction: 0.99, ..waiting };
        assert_eq!(unknown(&computing), [Unknown::MemoryStalls]);
        let portable = UnknownInputs { source: SampleSource::Sysinfo, waits: &none, ..waiting };
        assert_eq!(unknown(&portable), [Unknown::WaitsNotReported]);
        let churning = UnknownInputs { unseen_share: 0.5, ..computing };
        assert_eq!(unknown(&churning), [Unknown::MemoryStalls, Unknown::ShortProcesses { cpu_share: 0.5 }]);
    }
}
