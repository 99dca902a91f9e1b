//! Finds the width of a run from its counters.
//!
//! 1. *Opening.* The run begins with a command per CPU, or the width that the last run of the same command has
//!    learned. While the commands leave the CPUs idle, the width doubles every few milliseconds, up to what the
//!    CPUs can serve by the share that commands use of them, and to [`OPENING_MAX`]: nobody waits for the first
//!    command to end.
//! 2. *Trying.* Afterwards the goodput (successes per second) is measured at one width, then at another,
//!    and the other is taken if the difference is more than noise explains. A greater width must be faster. A
//!    narrower one may be as fast; it is tried if durations have grown with the width, that is, if something
//!    is queueing, and by halves as long as nobody knows how long a task takes at less. What was rejected
//!    bounds the next try, and a try that costs is made the less often.
//! 3. *Failures.* If most attempts of the opening fail, the width falls to the number of those that were let in, and
//!    grows with it. Later, a width that leaves no room for failures is tried at once, and kept if the goodput stays.
//! 4. *Pressure.* While tasks of the machine wait for CPUs or for I/O nearly all of the time, nothing wider is
//!    tried, and half the width is, and kept if the goodput stays.
//! 5. *Change.* A goodput that changes by itself makes what was learned old: all is tried again. What has become
//!    possible at a greater width shows in nothing, so that one is tried from time to time.
//!
//! Near the end nothing changes: a width that was just found would not pay any more.
//!
//! [`OPENING_MAX`]: crate::job::width::constants::OPENING_MAX

use crate::job::width::bracket::Bracket;
use crate::job::width::constants::{
    CHANGED, COMPUTING, CPU_SLACK, CPUS_BUSY, FAILING, FULL, MAX_EXTENSIONS, MEMORY, MIN_ATTEMPTS,
    MIN_FAILED, MIN_SECONDS, MOSTLY, OPENING_BUSY, QUEUEING, SETTLED, STARVED,
};
use crate::job::width::estimate::{Counted, Estimate};
use crate::job::width::opening::{Opened, Opening, fails_fast};
use crate::job::width::reading::{HeldFor, Reading, WidthConfig};
use crate::job::width::report::{WidthLimit, WidthReport};
use crate::job::width::tries::{Kind, Try, between};

/// What the controller is doing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Opening,
    /// Most attempts of the opening failed.
    Refused,
    Holding,
    Trying(Try),
}

/// Finds the width of a run.
#[derive(Debug)]
pub(crate) struct Controller {
    config: WidthConfig,
    total: Option<u64>,
    width: usize,
    phase: Phase,
    /// The reading at which the run began, or its first items had ended.
    begun: Reading,
    /// The reading at which the width was set.
    set_at: Reading,
    /// The reading from which on it is measured.
    from: Option<Reading>,
    /// The goodput at the width that is held.
    held: Option<Estimate>,
    /// The shortest mean duration of a command seen.
    shortest_s: Option<f64>,
    bracket: Bracket,
    /// Nothing is known of durations at a narrower width: halves are tried until one is slower.
    is_descending: bool,
    /// Share of attempts that fail, or of their time that failures take, whatever the width is.
    always_failing: f64,
    /// The ends that count as goodput.
    counted: Counted,
    limit: WidthLimit,
    rejected: u64,
    cost_s: f64,
}

impl Controller {
    /// Begins; there are `total` items, if that is known.
    pub(crate) fn new(config: WidthConfig, total: Option<u64>) -> Self {
        let cpus = config.cpus.ceil().max(1.0) as usize;
        let width = config.prior.unwrap_or(cpus).clamp(1, config.max.max(1));
        let phase = if config.prior.is_some() { Phase::Holding } else { Phase::Opening };
        Controller {
            config,
            total,
            width,
            phase,
            begun: Reading::default(),
            set_at: Reading::default(),
            from: None,
            held: None,
            shortest_s: None,
            bracket: Bracket::default(),
            is_descending: false,
            always_failing: 0.0,
            counted: Counted::Ok,
            limit: WidthLimit::Unknown,
            rejected: 0,
            cost_s: 0.0,
        }
    }

    /// Returns the width.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Returns the greatest width that it can come to.
    pub(crate) fn widest(&self) -> usize {
        let items = self.total.and_then(|total| usize::try_from(total).ok()).unwrap_or(usize::MAX);
        self.config.max.max(self.width).min(items.max(1))
    }

    /// Takes a reading, and changes the width if that is due.
    pub(crate) fn decide(&mut self, now: &Reading) {
        if now.held.is_some() && now.running > 0 && now.running < self.width {
            // What runs is what fits.
            self.phase = Phase::Holding;
            self.width = now.running;
        }
        if now.held.is_some() || now.cap.is_some_and(|cap| cap < self.width) {
            // Neither widths nor goodputs mean anything now.
            self.limit = match now.held {
                Some(HeldFor::Pressure) => WidthLimit::Pressure,
                _ => WidthLimit::Resources,
            };
            self.restart(now);
            return;
        }
        if self.is_near_the_end(now) {
            return;
        }
        match self.phase {
            Phase::Opening => self.open(now),
            Phase::Refused => self.retreat(now),
            Phase::Holding | Phase::Trying(_) => self.measure(now),
        }
    }

    /// Returns whether what is left is less than two waves: whatever was tried would end with the run.
    fn is_near_the_end(&self, now: &Reading) -> bool {
        self.phase != Phase::Opening && now.left.is_some_and(|left| left < 2 * self.width as u64)
    }

    fn set(&mut self, width: usize, now: &Reading) {
        self.width = width.clamp(1, self.config.max.max(1));
        self.restart(now);
    }

    /// Begins at a reading.
    pub(crate) fn begin(&mut self, now: &Reading) {
        self.begun = *now;
        self.restart(now);
    }

    fn restart(&mut self, now: &Reading) {
        self.set_at = *now;
        self.from = None;
    }

    fn opened(&self) -> Opened<'_> {
        let (begun, set_at) = (&self.begun, &self.set_at);
        Opened { cpus: self.config.cpus, width: self.width, max: self.config.max, begun, set_at }
    }

    fn open(&mut self, now: &Reading) {
        let opened = self.opened();
        if !opened.is_due(now) {
            return;
        }
        if now.failed >= MIN_FAILED && now.failed > now.ok && self.counted == Counted::Ok {
            self.limit = WidthLimit::Failures;
            self.phase = Phase::Refused;
            return self.retreat(now);
        }
        let used = opened.used(now);
        let busy = self.busy(used, now);
        match opened.next(now, used, busy) {
            Opening::Set(width) => self.set(width, now),
            _ => {
                self.limit = self.limit_now(now, busy);
                self.phase = Phase::Holding;
                // As long as nothing has ended, nobody knows how long a task takes at a narrower width.
                self.is_descending = now.ok == 0;
                self.restart(now);
            }
        }
    }

    /// Falls to the number of attempts that are let in, and grows with it until enough of them have ended.
    fn retreat(&mut self, now: &Reading) {
        let ended = Estimate::between(&self.begun, now, Counted::Ok).filter(|known| known.ok() >= MIN_FAILED);
        match self.opened().after_refusals(now) {
            Opening::Wait => {}
            // One at a time is refused as well, but not always: it is all that is let in.
            Opening::Refused if fails_fast(now) => self.settle(now),
            Opening::Refused => {
                // They fail one after another as well: the width is not to blame, and their ends are what counts.
                (self.always_failing, self.counted) = (1.0, Counted::All);
                self.phase = Phase::Opening;
                self.set(self.config.cpus.ceil().max(1.0) as usize, now);
            }
            Opening::Set(_)
                if ended.is_some_and(|known| now.now_s - self.begun.now_s > SETTLED * known.mean_s) =>
            {
                self.settle(now);
            }
            Opening::Set(width) => self.set(width, now),
            Opening::Done => {}
        }
    }

    /// Holds the width that refusals have left.
    fn settle(&mut self, now: &Reading) {
        self.phase = Phase::Holding;
        self.bracket.reject(Kind::Wider, self.width * 2, now.now_s, 0.0);
        self.restart(now);
    }

    /// Returns the share of the CPUs in use, as far as it matters to tasks that use the share `own` themselves: those
    /// that only wait do not mind what other programs do.
    fn busy(&self, own: f64, now: &Reading) -> f64 {
        let machine = now.machine_cpus.unwrap_or(0.0) / self.config.cpus;
        if own >= COMPUTING { own.max(machine) } else { own }
    }

    fn limit_now(&self, now: &Reading, used: f64) -> WidthLimit {
        if used >= OPENING_BUSY {
            WidthLimit::Cpus
        } else if now.left.is_some_and(|left| left <= self.width as u64) {
            WidthLimit::Items
        } else {
            WidthLimit::Unknown
        }
    }

    /// Returns whether more fails than would at any width.
    fn is_failing(&self, estimate: &Estimate) -> bool {
        estimate.failed >= MIN_FAILED && estimate.failing > self.always_failing + FAILING
    }

    /// Measures the width; decides once enough attempts have ended.
    fn measure(&mut self, now: &Reading) {
        let Some(from) = self.from else { return self.await_settled(now) };
        let Some(estimate) = Estimate::between(&from, now, self.counted) else { return };
        if estimate.seconds < MIN_SECONDS {
            return;
        }
        let starved_s = now.starved_s - from.starved_s;
        if starved_s >= STARVED * self.width as f64 * estimate.seconds {
            self.limit = WidthLimit::Source;
        } else if self.limit == WidthLimit::Source {
            self.limit = WidthLimit::Unknown;
        }
        let is_failing = self.is_failing(&estimate);
        let (extensions, wave) = match self.phase {
            Phase::Trying(trying) if is_failing && trying.kind == Kind::Wider => {
                return self.judge(trying, estimate, now);
            }
            Phase::Trying(trying) => (trying.extensions, MIN_ATTEMPTS),
            _ if is_failing && self.width > 1 => return self.blame(&estimate, now),
            _ => (0, self.width as u64),
        };
        // Where refusals come at once, there are any number of them.
        let ended =
            if self.counted == Counted::All || estimate.ok() == 0 { estimate.count } else { estimate.ok() };
        if ended < wave.max(MIN_ATTEMPTS) << extensions {
            return;
        }
        if estimate.in_flight < FULL * self.width as f64 {
            return self.restart(now);
        }
        match self.phase {
            Phase::Trying(trying) => self.judge(trying, estimate, now),
            _ => self.hold(estimate, now),
        }
    }

    /// Begins to measure once what was started before has ended: that says how long the settling takes.
    fn await_settled(&mut self, now: &Reading) {
        if self.held.is_none() {
            self.note_shortest(now);
            self.from = Some(self.set_at);
            return;
        }
        let ended = Estimate::between(&self.set_at, now, self.counted);
        if ended.is_some_and(|ended| now.now_s - self.set_at.now_s >= SETTLED * ended.mean_s) {
            self.note_shortest(now);
            self.from = Some(*now);
        }
    }

    /// Remembers how long the very first commands took, which nothing had to wait for.
    fn note_shortest(&mut self, now: &Reading) {
        let count = now.ok + now.failed;
        if self.shortest_s.is_none() && count > 0 {
            self.shortest_s = Some(now.busy_s / count as f64);
        }
    }

    /// Tries a width without room for what fails.
    fn blame(&mut self, estimate: &Estimate, now: &Reading) {
        if estimate.ok() >= MIN_FAILED {
            self.held = Some(*estimate);
        }
        let let_in = estimate.accepted as usize;
        self.phase = Phase::Trying(Try { from: self.width, kind: Kind::Failing, extensions: 0 });
        self.set(let_in.clamp(1, self.width - 1), now);
    }

    /// Takes a measurement of the width that is held, and perhaps tries another.
    fn hold(&mut self, estimate: Estimate, now: &Reading) {
        if let Some(held) = &self.held {
            let (ratio, error) = estimate.over(held);
            if (ratio - 1.0).abs() > CHANGED.max(3.0 * error) {
                // The world has changed; if tasks take longer, something is queueing that was not.
                self.is_descending = estimate.mean_s > held.mean_s;
                self.bracket.forget();
                self.held = None;
            }
        }
        if estimate.failing < self.always_failing / 2.0 {
            // What failed always does not any more.
            self.always_failing = estimate.failing;
        }
        let known = self.held.map_or(estimate, |held| estimate.with_past(&held, MEMORY));
        self.held = Some(known);
        self.shortest_s = Some(self.shortest_s.map_or(known.mean_s, |shortest| shortest.min(known.mean_s)));
        let busy = self.busy(known.cpus / self.config.cpus, now);
        let next = self.narrower_width(&known, now).or_else(|| self.wider_width(self.width, busy, now));
        match next {
            None => self.restart(now),
            Some((width, kind)) => {
                self.phase = Phase::Trying(Try { from: self.width, kind, extensions: 0 });
                self.set(width, now);
            }
        }
    }

    fn narrower_width(&self, known: &Estimate, now: &Reading) -> Option<(usize, Kind)> {
        let floor =
            if self.limit == WidthLimit::Cpus { self.config.cpus.ceil().max(1.0) as usize } else { 1 };
        if self.width <= floor || !self.bracket.is_narrower_due(now.now_s) {
            return None;
        }
        if self.is_descending || now.is_pressed {
            return Some(((self.width / 2).max(floor), Kind::Narrower));
        }
        if let Some(too_narrow) = self.bracket.too_narrow() {
            return between(too_narrow, self.width).map(|width| (width, Kind::Narrower));
        }
        let shortest_s = self.shortest_s?;
        if known.mean_s < QUEUEING * shortest_s {
            return None;
        }
        // As many as would be in flight if nothing waited, and half as many again.
        let needed = known.goodput * shortest_s * QUEUEING;
        let width = (needed.ceil() as usize).clamp(self.width.div_ceil(2).max(floor), self.width - 1);
        Some((width, Kind::Narrower))
    }

    fn wider_width(&mut self, from: usize, busy: f64, now: &Reading) -> Option<(usize, Kind)> {
        if from >= self.config.max {
            self.limit = WidthLimit::MaxWidth;
            return None;
        }
        if busy >= CPUS_BUSY {
            self.limit = WidthLimit::Cpus;
            return None;
        }
        if now.is_pressed {
            return None;
        }
        // The width that would use all CPUs, if that is nearer.
        let by_cpu = (from as f64 / busy.max(f64::MIN_POSITIVE) * CPU_SLACK).ceil().min(1e9) as usize;
        let width = self.bracket.wider(from, now.now_s)?;
        Some((width.min(by_cpu).min(self.config.max).max(from + 1), Kind::Wider))
    }

    /// Decides on a width that was tried.
    fn judge(&mut self, trying: Try, estimate: Estimate, now: &Reading) {
        let Some(held) = self.held else { return self.keep(trying, estimate, now) };
        let (ratio, error) = estimate.over(&held);
        let verdict = match trying.kind {
            Kind::Wider if self.is_failing(&estimate) => Some(false),
            _ => trying.verdict(self.width, ratio, error),
        };
        match verdict {
            None if trying.extensions < MAX_EXTENSIONS => {
                self.phase = Phase::Trying(Try { extensions: trying.extensions + 1, ..trying });
            }
            Some(true) => self.keep(trying, estimate, now),
            // What is still undecided counts as no gain, and as a loss.
            None if trying.seems_better(self.width, ratio) => self.keep(trying, estimate, now),
            None | Some(false) => self.reject(trying, ratio, &estimate, now),
        }
    }

    fn keep(&mut self, trying: Try, estimate: Estimate, now: &Reading) {
        self.bracket.keep(trying.kind, trying.from, self.width);
        self.held = None;
        self.phase = Phase::Holding;
        self.limit = if trying.kind == Kind::Failing { WidthLimit::Failures } else { WidthLimit::Unknown };
        self.restart(now);
        // What follows a gain is tried at once, with what was just measured.
        self.hold(estimate, now);
    }

    fn reject(&mut self, trying: Try, ratio: f64, estimate: &Estimate, now: &Reading) {
        let took_s = now.now_s - self.set_at.now_s;
        let lost_s = took_s * (1.0 - ratio).max(0.0);
        self.rejected += 1;
        self.cost_s += lost_s;
        self.bracket.reject(trying.kind, self.width, now.now_s, lost_s);
        match trying.kind {
            Kind::Wider if self.is_failing(estimate) => self.limit = WidthLimit::Failures,
            Kind::Wider => self.limit = WidthLimit::Shared,
            Kind::Narrower => {
                // The duration without queueing was luck: it is longer than was thought.
                self.shortest_s = self.held.map(|held| held.mean_s);
                self.is_descending = false;
            }
            Kind::Failing => {
                self.always_failing = estimate.failing;
                self.counted = if estimate.failing_time >= MOSTLY { Counted::All } else { Counted::Ok };
            }
        }
        self.phase = Phase::Holding;
        let busy = self.busy(estimate.cpus / self.config.cpus, now);
        // A narrower width that was slower says that a greater one may be faster.
        let wider =
            if trying.kind == Kind::Narrower { self.wider_width(trying.from, busy, now) } else { None };
        match wider {
            Some((width, kind)) => {
                self.phase = Phase::Trying(Try { from: trying.from, kind, extensions: 0 });
                self.set(width, now);
            }
            None => self.set(trying.from, now),
        }
    }

    /// Returns what was learned, beside `base`.
    pub(crate) fn report(&self, base: WidthReport) -> WidthReport {
        WidthReport {
            limit: self.limit,
            per_second: self.held.map(|held| held.goodput),
            error: self.held.map(|held| held.error),
            rejected: self.rejected,
            search_cost_s: self.cost_s,
            ..base
        }
    }
}
