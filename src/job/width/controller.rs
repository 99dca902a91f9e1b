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
//! 3. *Failures.* If most attempts of the opening fail, the width is halved until they do not. Later, half the width
//!    is tried at once, and kept if as much succeeds.
//! 4. *Change.* A goodput that changes by itself makes what was learned old: all is tried again.
//!
//! Near the end nothing changes: a width that was just found would not pay any more.

use crate::job::width::constants::{
    CHANGED, COMPUTING, CPU_SLACK, CPUS_BUSY, FAILING, FREE, KEPT_BY_HALF, MAX_EXTENSIONS, MEMORY,
    MIN_ATTEMPTS, MIN_FAILED, MIN_SECONDS, MOSTLY, OPENING_BUSY, OPENING_MAX, OPENING_STEP_S, QUEUEING,
    SETTLED, SHARP, STARVED, SURE, WORTH,
};
use crate::job::width::estimate::Estimate;
use crate::job::width::reading::Reading;
use crate::job::width::report::{WidthLimit, WidthReport};
use crate::job::width::tries::{Due, Kind, Try, between, decide};

/// What the controller is told once.
#[derive(Debug, Clone, PartialEq)]
pub struct WidthConfig {
    /// CPUs that the commands may use.
    pub cpus: f64,
    /// The greatest width.
    pub max: usize,
    /// The width that the last run of the same command has learned.
    pub prior: Option<usize>,
}

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
    wider: Due,
    narrower: Due,
    /// A greater width that was not faster.
    too_wide: Option<usize>,
    /// A narrower width that was slower.
    too_narrow: Option<usize>,
    /// Nothing is known of durations at a narrower width: halves are tried until one is slower.
    is_descending: bool,
    /// Share of attempts that fail whatever the width is.
    always_failing: f64,
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
            wider: Due::default(),
            too_wide: None,
            too_narrow: None,
            narrower: Due::default(),
            is_descending: false,
            always_failing: 0.0,
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
        if now.is_held && now.running > 0 && now.running < self.width {
            // What runs is what fits.
            self.phase = Phase::Holding;
            self.width = now.running;
        }
        if now.is_held || now.cap.is_some_and(|cap| cap < self.width) {
            // Neither widths nor goodputs mean anything now.
            self.limit = WidthLimit::Resources;
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

    fn open(&mut self, now: &Reading) {
        let elapsed = now.now_s - self.set_at.now_s;
        if elapsed < OPENING_STEP_S || now.running < self.width && now.ready > 0 {
            return;
        }
        let (ok, failed) = (now.ok, now.failed);
        let cpu = |reading: &Reading| reading.cpu_s + reading.running_cpu_s;
        let used = (cpu(now) - cpu(&self.set_at)) / elapsed / self.config.cpus;
        if failed >= MIN_FAILED && failed > ok && self.always_failing < MOSTLY {
            self.limit = WidthLimit::Failures;
            self.phase = Phase::Refused;
            return self.set(self.width / 2, now);
        }
        let in_flight_s = now.in_flight_s - self.begun.in_flight_s;
        let by_cpu = match cpu(now) - cpu(&self.begun) {
            seconds if seconds > 0.0 => in_flight_s / seconds * self.config.cpus * CPU_SLACK,
            _ => f64::INFINITY,
        };
        let left = now.left.and_then(|left| usize::try_from(left).ok()).unwrap_or(usize::MAX);
        let most = OPENING_MAX.min(self.config.max).min(left.max(1)).min(by_cpu.ceil().max(1.0) as usize);
        let next = (self.width * 2).min(most);
        if used >= OPENING_BUSY || self.busy(used, now) >= CPUS_BUSY || next <= self.width {
            self.limit = self.limit_now(now, self.busy(used, now));
            self.phase = Phase::Holding;
            // As long as nothing has ended, nobody knows how long a task takes at a narrower width.
            self.is_descending = now.ok == 0;
            self.restart(now);
        } else {
            self.set(next, now);
        }
    }

    /// Halves the width as often as most attempts fail: whoever refuses so many at once must not be asked on.
    fn retreat(&mut self, now: &Reading) {
        let (ok, failed) = (now.ok - self.set_at.ok, now.failed - self.set_at.failed);
        if failed >= MIN_FAILED && failed > ok && self.width > 1 {
            return self.set(self.width / 2, now);
        }
        if failed >= MIN_FAILED && failed > ok {
            // They fail one after another as well: the width is not to blame, and their ends are what counts.
            self.always_failing = failed as f64 / (ok + failed) as f64;
            self.phase = Phase::Opening;
            return self.set(self.config.cpus.ceil().max(1.0) as usize, now);
        }
        if ok >= MIN_FAILED {
            self.phase = Phase::Holding;
            self.restart(now);
        }
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

    /// Measures the width; decides once enough attempts have ended.
    fn measure(&mut self, now: &Reading) {
        let Some(from) = self.from else {
            // What ended since was started before: it says how long the settling takes.
            let settled = Estimate::between(&self.set_at, now).map(|estimate| estimate.mean_s);
            if settled.is_some_and(|mean_s| now.now_s - self.set_at.now_s >= SETTLED * mean_s)
                || self.held.is_none()
            {
                self.note_shortest(now);
                self.from = Some(if self.held.is_none() { self.set_at } else { *now });
            }
            return;
        };
        let Some(mut estimate) = Estimate::between(&from, now) else { return };
        if self.always_failing >= MOSTLY {
            estimate.count_failures();
        }
        let extensions = match self.phase {
            Phase::Trying(trying) => trying.extensions,
            _ => 0,
        };
        let wave = if matches!(self.phase, Phase::Trying(_)) { MIN_ATTEMPTS } else { self.width as u64 };
        let enough = wave.max(MIN_ATTEMPTS) << extensions;
        if estimate.count < enough || estimate.seconds < MIN_SECONDS {
            return;
        }
        if estimate.in_flight < STARVED * self.width as f64 {
            self.limit = WidthLimit::Source;
            self.restart(now);
            return;
        }
        match self.phase {
            Phase::Trying(trying) => self.judge(trying, estimate, now),
            _ => self.hold(estimate, now),
        }
    }

    /// Remembers how long the very first commands took, which nothing had to wait for.
    fn note_shortest(&mut self, now: &Reading) {
        let count = now.ok + now.failed;
        if self.shortest_s.is_none() && count > 0 {
            self.shortest_s = Some(now.busy_s / count as f64);
        }
    }

    /// Takes a measurement of the width that is held, and perhaps tries another.
    fn hold(&mut self, estimate: Estimate, now: &Reading) {
        if let Some(held) = &self.held {
            let (ratio, error) = estimate.over(held);
            if (ratio - 1.0).abs() > CHANGED.max(3.0 * error) {
                // The world has changed; if tasks take longer, something is queueing that was not.
                self.is_descending = estimate.mean_s > held.mean_s;
                self.forget();
                self.held = None;
            }
        }
        let known = self.held.map_or(estimate, |held| estimate.with_past(&held, MEMORY));
        self.held = Some(known);
        self.shortest_s = Some(self.shortest_s.map_or(known.mean_s, |shortest| shortest.min(known.mean_s)));
        let busy = self.busy(known.cpus / self.config.cpus, now);
        let is_failing = estimate.failed >= MIN_FAILED && estimate.failing() > self.always_failing + FAILING;
        let next = if is_failing && self.width > 1 {
            Some((self.width / 2, Kind::Failing))
        } else {
            self.narrower_width(&known, now).or_else(|| self.wider_width(self.width, busy, now))
        };
        match next {
            None => self.restart(now),
            Some((width, kind)) => {
                self.phase = Phase::Trying(Try { from: self.width, kind, extensions: 0 });
                self.set(width, now);
            }
        }
    }

    fn forget(&mut self) {
        self.wider.now();
        self.narrower.now();
        (self.too_wide, self.too_narrow) = (None, None);
    }

    fn narrower_width(&self, known: &Estimate, now: &Reading) -> Option<(usize, Kind)> {
        let floor =
            if self.limit == WidthLimit::Cpus { self.config.cpus.ceil().max(1.0) as usize } else { 1 };
        if self.width <= floor || now.now_s < self.narrower.at_s {
            return None;
        }
        if self.is_descending {
            return Some(((self.width / 2).max(floor), Kind::Narrower));
        }
        if let Some(too_narrow) = self.too_narrow {
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
        if now.now_s < self.wider.at_s {
            return None;
        }
        // The width that would use all CPUs, if that is nearer than the double.
        let by_cpu = (from as f64 / busy.max(f64::MIN_POSITIVE) * CPU_SLACK).ceil().min(1e9) as usize;
        let most = match self.too_wide {
            None => from * 2,
            Some(too_wide) => between(from, too_wide)?,
        };
        let width = most.min(by_cpu).min(self.config.max).max(from + 1);
        Some((width, Kind::Wider))
    }

    /// Decides on a width that was tried.
    fn judge(&mut self, trying: Try, estimate: Estimate, now: &Reading) {
        let Some(held) = self.held else { return self.keep(trying, estimate, now) };
        let (ratio, error) = estimate.over(&held);
        let noise = SURE * error;
        let verdict = match trying.kind {
            Kind::Wider if estimate.failing() > self.always_failing + FAILING => Some(false),
            Kind::Wider => decide(ratio - 1.0, WORTH, noise),
            Kind::Narrower if error <= SHARP => Some(ratio >= 1.0 - FREE),
            Kind::Narrower => decide(ratio - 1.0, -FREE, noise),
            Kind::Failing => decide(ratio, KEPT_BY_HALF, noise),
        };
        match verdict {
            None if trying.extensions < MAX_EXTENSIONS => {
                self.phase = Phase::Trying(Try { extensions: trying.extensions + 1, ..trying });
            }
            Some(true) => self.keep(trying, estimate, now),
            // What is still undecided counts as no gain, and as a loss.
            None if trying.kind == Kind::Failing && ratio >= KEPT_BY_HALF => self.keep(trying, estimate, now),
            None | Some(false) => self.reject(trying, ratio, &estimate, now),
        }
    }

    fn keep(&mut self, trying: Try, estimate: Estimate, now: &Reading) {
        match trying.kind {
            Kind::Wider => self.too_narrow = Some(trying.from),
            Kind::Narrower | Kind::Failing => self.too_wide = Some(trying.from),
        }
        self.held = None;
        self.phase = Phase::Holding;
        self.limit = WidthLimit::Unknown;
        self.wider.now();
        self.narrower.now();
        self.restart(now);
        // What follows a gain is tried at once, with what was just measured.
        self.hold(estimate, now);
    }

    fn reject(&mut self, trying: Try, ratio: f64, estimate: &Estimate, now: &Reading) {
        let took_s = now.now_s - self.set_at.now_s;
        let lost_s = took_s * (1.0 - ratio).max(0.0);
        self.rejected += 1;
        self.cost_s += lost_s;
        match trying.kind {
            Kind::Wider => {
                let is_failing = estimate.failing() > self.always_failing + FAILING;
                self.limit = if is_failing { WidthLimit::Failures } else { WidthLimit::Shared };
                self.too_wide = Some(self.width);
                self.wider.put_off(now.now_s, lost_s);
            }
            Kind::Narrower => {
                // The duration without queueing was luck: it is longer than was thought.
                self.shortest_s = self.held.map(|held| held.mean_s);
                self.is_descending = false;
                self.too_narrow = Some(self.width);
                self.narrower.put_off(now.now_s, lost_s);
            }
            Kind::Failing => self.always_failing = estimate.failing(),
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
