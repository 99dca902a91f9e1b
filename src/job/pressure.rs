//! Pressure: new items wait while the machine thrashes, or while tasks wait longer than the user allows.

use crate::host::pressure::Pressures;

/// Share of the time in which nobody gets anything done for want of memory, from which new items wait. What runs then
/// mostly moves pages; systemd-oomd kills at six times as much.
const THRASHING: f64 = 0.1;

/// Pressure that must be reached again before items start, as a share of the limit: an average over ten seconds
/// falls slowly, and without a gap items would start and be held in turn.
const RELEASE: f64 = 0.8;

/// Share of the time in which some task waits for a CPU or for I/O, from which more at a time only wait as well.
const PRESSED: f64 = 0.9;

/// What pressure demands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PressureDemand {
    /// No new items may start.
    pub(crate) holds: bool,
    /// The width should not grow, and less should be tried.
    pub(crate) is_pressed: bool,
}

/// Watches pressure.
#[derive(Debug)]
pub(crate) struct PressureWatch {
    /// The share of the time in which some task may wait for CPUs, memory or I/O, if the user has set it.
    limit: Option<f64>,
    is_held: bool,
}

impl PressureWatch {
    /// Watches that the machine does not thrash, and that no pressure exceeds `limit`, from 0 to 1.
    pub(crate) fn new(limit: Option<f64>) -> Self {
        PressureWatch { limit, is_held: false }
    }

    /// Decides by the pressures now. What is not reported demands nothing.
    pub(crate) fn decide(&mut self, now: &Pressures) -> PressureDemand {
        let scale = if self.is_held { RELEASE } else { 1.0 };
        let exceeds = |share: Option<f64>, limit: f64| share.is_some_and(|share| share >= limit * scale);
        self.is_held = exceeds(now.memory_full, THRASHING)
            || self.limit.is_some_and(|limit| exceeds(now.greatest(), limit));
        let is_pressed = |share: Option<f64>| share.is_some_and(|share| share >= PRESSED);
        PressureDemand { holds: self.is_held, is_pressed: is_pressed(now.cpu) || is_pressed(now.io) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(share: f64) -> Pressures {
        Pressures { cpu: Some(share), ..Pressures::default() }
    }

    #[test]
    fn items_wait_above_the_limit_and_go_on_somewhat_below_it() {
        let mut watch = PressureWatch::new(Some(0.5));
        let holds = [0.4, 0.5, 0.45, 0.39, 0.45].map(|share| watch.decide(&cpu(share)).holds);
        assert_eq!(holds, [false, true, true, false, false]);
        let io = Pressures { io: Some(0.6), ..cpu(0.0) };
        let memory = Pressures { memory: Some(0.6), ..cpu(0.0) };
        assert!(watch.decide(&io).holds && watch.decide(&memory).holds);
    }

    #[test]
    fn without_a_limit_only_thrashing_holds_items_back() {
        let mut watch = PressureWatch::new(None);
        assert_eq!(watch.decide(&cpu(1.0)), PressureDemand { holds: false, is_pressed: true });
        assert_eq!(watch.decide(&cpu(0.5)), PressureDemand::default());
        let thrashing = Pressures { memory: Some(0.5), memory_full: Some(0.2), ..Pressures::default() };
        assert_eq!(watch.decide(&thrashing), PressureDemand { holds: true, is_pressed: false });
        let memory = Pressures { memory: Some(0.5), memory_full: Some(0.05), ..Pressures::default() };
        assert!(!watch.decide(&memory).holds);
    }

    #[test]
    fn what_is_not_reported_demands_nothing() {
        assert_eq!(PressureWatch::new(Some(0.01)).decide(&Pressures::default()), PressureDemand::default());
    }
}
