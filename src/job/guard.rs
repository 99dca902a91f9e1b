//! Memory: new items wait while little is free, and the youngest is stopped before the kernel kills.

/// Memory that must be free again before held items start, as a multiple of the limit: without a gap, items
/// would start and be held in turn.
const RELEASE: f64 = 1.1;

/// Share of the limit below which the youngest command is stopped, as in GNU parallel's `--memfree`.
const STOP_BELOW: f64 = 0.5;

/// Seconds between two stops: the memory of a command is free some time after its end.
const STOP_PERIOD_S: f64 = 1.0;

/// What memory demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Demand {
    /// Items may start.
    Go,
    /// No new items may start.
    Hold,
    /// The same, and the youngest command has to end.
    StopYoungest,
}

/// Watches the memory that is free.
#[derive(Debug)]
pub(crate) struct MemoryWatch {
    limit: u64,
    stops: bool,
    is_held: bool,
    stopped_s: f64,
}

impl MemoryWatch {
    /// Watches that `limit` bytes stay free; `stops` says whether commands may be stopped for it.
    pub(crate) fn new(limit: u64, stops: bool) -> Self {
        MemoryWatch { limit, stops, is_held: false, stopped_s: f64::NEG_INFINITY }
    }

    /// Decides with `available` bytes free at `now_s` seconds.
    pub(crate) fn decide(&mut self, available: u64, now_s: f64) -> Demand {
        let (available, limit) = (available as f64, self.limit as f64);
        self.is_held = available < if self.is_held { limit * RELEASE } else { limit };
        let may_stop = self.stops && now_s - self.stopped_s >= STOP_PERIOD_S;
        if may_stop && available < limit * STOP_BELOW {
            self.stopped_s = now_s;
            return Demand::StopYoungest;
        }
        if self.is_held { Demand::Hold } else { Demand::Go }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_wait_below_the_limit_and_go_on_somewhat_above_it() {
        let mut watch = MemoryWatch::new(1000, false);
        let demands = [2000, 999, 1050, 1101, 1050, 100].map(|available| watch.decide(available, 0.0));
        assert_eq!(demands, [Demand::Go, Demand::Hold, Demand::Hold, Demand::Go, Demand::Go, Demand::Hold]);
    }

    #[test]
    fn the_youngest_is_stopped_at_half_of_the_limit_and_not_all_at_once() {
        let mut watch = MemoryWatch::new(1000, true);
        assert_eq!(watch.decide(499, 0.0), Demand::StopYoungest);
        assert_eq!(watch.decide(499, 0.5), Demand::Hold);
        assert_eq!(watch.decide(499, 1.5), Demand::StopYoungest);
        assert_eq!(watch.decide(600, 3.0), Demand::Hold);
    }
}
