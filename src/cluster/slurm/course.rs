//! The course of a run on Slurm: a sample, the other items, and what array tasks have left.

use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::cluster::slurm::config::SlurmConfig;
use crate::cluster::slurm::cut::{MAX_TASKS, Pace, items_per_task};
use crate::cluster::slurm::number_set::NumberSet;
use crate::cluster::slurm::parts::{LeftBehind, Parts};
use crate::cluster::slurm::queue::{Queue, Submitted};
use crate::cluster::slurm::queue_state::TaskState;
use crate::cluster::slurm::rest::Rest;
use crate::cluster::slurm::sample::Sample;
use crate::cluster::slurm::state::State;
use crate::cluster::watch::Left;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::job::engine_report::{EngineKind, EngineReport};
use crate::job::finisher::Finisher;
use crate::job::outcome::{Attempt, Ending, Finished};
use crate::job::progress::{JobObserver, RecentRate};
use crate::job::scheduler::Work;
use crate::job::shutdown::Stop;

/// Time between two looks at the journals of the nodes.
const LOOK: Duration = Duration::from_millis(200);

/// Time that is added for each part that is not settled: a file server answers some hundred questions a second.
const LOOK_PER_PART: Duration = Duration::from_millis(5);

/// Time between two questions to the controller, which serves everybody on the cluster.
const ASK: Duration = Duration::from_secs(1);

/// Longest wait for the end of `srun` after the last of its items.
const SAMPLE_END: Duration = Duration::from_secs(5);

/// Times that items are submitted again.
const MAX_ROUNDS: u32 = 3;

/// Items that are taken from the reader at once.
const TAKEN: usize = 4096;

/// The slot that items of an engine have in records.
const SLOT: usize = 1;

/// One run while it goes on.
pub(crate) struct Course<'a> {
    slurm: &'a SlurmConfig,
    queue: &'a Queue<'a>,
    shared: &'a Path,
    left: Left<'a>,
    finisher: &'a Finisher<'a>,
    scratch: &'a Path,
    /// Array tasks that run at the same time.
    slots: u64,
    parts: Parts,
    state: State,
    pace: Option<Pace>,
    sample: Option<(u64, Sample)>,
    left_behind: LeftBehind,
    asked_at: Instant,
    is_cancelled: bool,
    is_detached: bool,
    sent_again: u64,
    items: u64,
    rate: RecentRate,
}

impl<'a> Course<'a> {
    /// Makes the course of a run.
    pub(crate) fn new(
        slurm: &'a SlurmConfig,
        queue: &'a Queue<'a>,
        shared: &'a Path,
        left: Left<'a>,
        finisher: &'a Finisher<'a>,
        scratch: &'a Path,
        (slots, state): (u64, State),
    ) -> Self {
        Course {
            slurm,
            queue,
            shared,
            left,
            finisher,
            scratch,
            slots,
            parts: Parts::new(shared.to_owned()),
            state,
            pace: None,
            sample: None,
            left_behind: LeftBehind::default(),
            asked_at: Instant::now(),
            is_cancelled: false,
            is_detached: false,
            sent_again: 0,
            items: 0,
            rate: RecentRate::default(),
        }
    }

    /// Returns true if the run has ended while its array tasks go on.
    pub(crate) fn is_detached(&self) -> bool {
        self.is_detached
    }

    /// Returns true if array tasks may still run, because the run was told to end at once.
    pub(crate) fn is_abandoned(&self) -> bool {
        !self.parts.are_settled()
    }

    /// Returns what is known of the engine.
    pub(crate) fn report(&self) -> EngineReport {
        let parts = self.state.parts;
        EngineReport {
            kind: EngineKind::Slurm,
            address: self.slurm.partition.clone(),
            version: self.queue.version(),
            workers: parts,
            threads: self.slots * self.slurm.cpus as u64,
            chunks: parts,
            chunk_items: (parts > 0).then(|| self.items as f64 / parts as f64),
            inner_width: 1,
            message_s: self.pace.map(|pace| pace.start_s),
            sent_again: self.sent_again,
            cancelled: if self.is_cancelled { 0 } else { self.left_behind.cancelled },
            versions: Vec::new(),
            directory: Some(self.shared.display().to_string()),
        }
    }

    /// Runs every item; what is finished goes to `finished`.
    ///
    /// # Errors
    /// When Slurm refuses a job, or the shared directory cannot be used any more.
    pub(crate) fn run(
        &mut self,
        finished: &Sender<Finished>,
        observer: &mut dyn JobObserver,
        begun: Instant,
    ) -> Result<(), Error> {
        let mut eye = Eye { finished, observer, begun };
        let done = self.run_all(&mut eye);
        if done.is_err() {
            self.cancel();
        }
        self.give_up_rest();
        self.end_sample();
        done
    }

    fn run_all(&mut self, eye: &mut Eye<'_>) -> Result<(), Error> {
        let rest = if self.slurm.attaches { self.take_up()? } else { self.run_sample(eye)? };
        self.submit(rest)?;
        while !self.is_over() {
            if self.slurm.detaches && self.sample.is_none() && !self.slurm.attaches {
                self.is_detached = true;
                return Ok(());
            }
            self.step(eye)?;
        }
        Ok(())
    }

    fn is_over(&mut self) -> bool {
        self.left.shutdown.asked() == Some(Stop::Now)
            || self.parts.are_settled() && self.left_behind.failed.is_empty()
    }

    /// Takes one look at everything, and waits until the next.
    fn step(&mut self, eye: &mut Eye<'_>) -> Result<(), Error> {
        self.follow(eye)?;
        if self.left.shutdown.asked().is_some() {
            self.cancel();
        }
        self.look_at_sample();
        if self.asked_at.elapsed() >= ASK {
            self.ask();
            self.asked_at = Instant::now();
        }
        if self.parts.are_settled() && !self.left_behind.failed.is_empty() {
            self.submit_again(eye)?;
        }
        let width = (self.slots * self.slurm.cpus as u64) as usize;
        eye.observer.observe(&self.left.progress(eye.begun.elapsed().as_secs_f64(), width, &mut self.rate));
        if !self.is_over() {
            thread::sleep(LOOK + LOOK_PER_PART * self.parts.open());
        }
        Ok(())
    }

    /// Takes what the nodes have finished.
    fn follow(&mut self, eye: &Eye<'_>) -> Result<(), Error> {
        let (finisher, sample) = (self.finisher, &mut self.sample);
        let followed = self.parts.follow(self.scratch, &mut |mut work, attempts, attempt| {
            if let Some((_, sample)) = sample {
                sample.add(work.item.number, &attempt);
            }
            work.attempts = attempts.saturating_sub(1);
            // A rule that ends the run asks for it by itself.
            let _ = finisher.conclude(work, SLOT, attempt, eye.finished);
        });
        followed.map_err(|error| self.cannot_use(&error))
    }

    /// Runs the first items on a node and waits until they show the pace; returns the items that are left.
    fn run_sample(&mut self, eye: &mut Eye<'_>) -> Result<Rest, Error> {
        let wanted = self.slurm.sample_items() as usize;
        let mut works = Vec::new();
        while works.len() < wanted {
            let taken = self.left.scheduler.take_fresh(wanted - works.len());
            if taken.is_empty() {
                break;
            }
            works.extend(taken);
        }
        if works.is_empty() {
            return self.no_rest();
        }
        self.parts.expect(&works);
        let items: Vec<u64> = works.iter().map(|work| work.item.number).collect();
        let taken = works.into_iter().map(|work| Ok((work.item.number, work.item.bytes)));
        let number = self.add(taken, items.len() as u64)?;
        self.save()?;
        self.sample = Some((number, Sample::new(self.queue.start(number)?, &items)));
        while self.pace.is_none() && self.left.shutdown.asked().is_none() {
            self.step(eye)?;
            let Some((_, sample)) = &mut self.sample else { break };
            let is_lost = !sample.has_begun() && sample.is_over() && !self.parts.has_begun(number);
            if is_lost && self.left.shutdown.asked().is_none() {
                let said = sample.last_words().unwrap_or_else(|| "it has ended".to_owned());
                let log = self.parts.last_words(number).map(|log| format!("; on the node: {log}"));
                return Err(Error::new(Code::EngineLost, format!("srun: {said}{}", log.unwrap_or_default())));
            }
        }
        self.take_rest(&NumberSet::default())
    }

    fn no_rest(&self) -> Result<Rest, Error> {
        Rest::new(self.shared).map_err(|error| self.cannot_use(&error))
    }

    /// Takes all items that the reader still has; returns those that are not `taken`.
    fn take_rest(&mut self, taken: &NumberSet) -> Result<Rest, Error> {
        let mut rest = self.no_rest()?;
        loop {
            let works = self.left.scheduler.take_fresh(TAKEN);
            if works.is_empty() {
                return Ok(rest);
            }
            self.parts.expect(&works);
            for Work { item, .. } in works.iter().filter(|work| !taken.contains(work.item.number)) {
                rest.add(item.number, &item.bytes).map_err(|error| self.cannot_use(&error))?;
            }
        }
    }

    /// Takes up what an earlier run has submitted; returns the items that are in no part.
    fn take_up(&mut self) -> Result<Rest, Error> {
        let mut taken = NumberSet::default();
        for number in 1..=self.state.parts {
            self.parts.take_up(number, &mut taken).map_err(|error| self.cannot_use(&error))?;
        }
        self.asked_at = Instant::now() - ASK;
        self.take_rest(&taken)
    }

    /// Submits items in as many array tasks as they need.
    fn submit(&mut self, rest: Rest) -> Result<(), Error> {
        let mut left = rest.count();
        if left == 0 || self.left.shutdown.asked().is_some() {
            return Ok(());
        }
        let pace = self.pace.unwrap_or(Pace { item_s: 1.0, start_s: 1.0 });
        let each = items_per_task(left, pace, self.slots).max(1);
        let base = self.state.parts + 1;
        let mut items = rest.read().map_err(|error| self.cannot_use(&error))?;
        while left > 0 {
            let size = each.min(left);
            self.add(items.by_ref().take(size as usize), size)?;
            left -= size;
        }
        let count = self.state.parts + 1 - base;
        debug_assert!(count <= MAX_TASKS, "more array tasks than an array may have");
        let submitted = self.queue.submit(base, count)?;
        self.state.submitted.push(submitted);
        self.save()
    }

    /// Submits what array tasks have left, if that was not done too often.
    fn submit_again(&mut self, eye: &Eye<'_>) -> Result<(), Error> {
        let failed = std::mem::take(&mut self.left_behind.failed);
        if self.left.shutdown.asked().is_some() {
            return Ok(());
        }
        if self.state.rounds >= MAX_ROUNDS {
            return self.give_up(failed, eye).map_err(|error| self.cannot_use(&error));
        }
        self.state.rounds += 1;
        let rest = self.left_by(failed).map_err(|error| self.cannot_use(&error))?;
        let before = self.state.parts;
        self.submit(rest)?;
        self.sent_again += self.state.parts - before;
        Ok(())
    }

    /// Returns the items that parts have left.
    fn left_by(&self, failed: Vec<(u64, String)>) -> io::Result<Rest> {
        let (mut rest, mut seen) = (Rest::new(self.shared)?, NumberSet::default());
        for (part, _) in failed {
            for item in self.parts.items(part)? {
                let (number, bytes) = item?;
                // Parts of an earlier run may have the same items, because they were submitted again.
                if self.parts.is_unfinished(number) && seen.insert(number) {
                    rest.add(number, &bytes)?;
                }
            }
        }
        Ok(rest)
    }

    /// Fails the items that parts have left.
    fn give_up(&mut self, failed: Vec<(u64, String)>, eye: &Eye<'_>) -> io::Result<()> {
        for (part, reason) in failed {
            for item in self.parts.items(part)? {
                let (number, bytes) = item?;
                let Some(work) = self.parts.finish(number, bytes) else { continue };
                let times = MAX_ROUNDS + 1;
                let reason = format!("{times} array tasks ended without it; the last: {reason}");
                let _ =
                    self.finisher.conclude(work, SLOT, Attempt::ended(Ending::Broken(reason)), eye.finished);
            }
        }
        Ok(())
    }

    /// Looks at the sample: its pace, and whether `srun` has ended.
    fn look_at_sample(&mut self) {
        let Some((number, sample)) = &mut self.sample else { return };
        let number = *number;
        if self.parts.has_begun(number) {
            sample.begin();
        }
        self.pace = self.pace.or_else(|| sample.pace(self.slurm.cpus));
        // One that has ended before it began is an error, unless it was cancelled.
        if !sample.is_over() || !sample.has_begun() && !self.is_cancelled {
            return;
        }
        let ended = || TaskState::Ended("the sample has ended".to_owned());
        let state = if self.is_cancelled { TaskState::Cancelled } else { ended() };
        self.parts.settle(number, 1, |_| state.clone(), &mut self.left_behind);
        if !self.parts.has_open(number, 1) {
            self.sample = None;
        }
    }

    /// Asks Slurm which array tasks are over.
    fn ask(&mut self) {
        let over = |reason: &str| TaskState::Ended(reason.to_owned());
        let submitted: Vec<Submitted> = self.state.submitted.clone();
        for job in &submitted {
            if !self.parts.has_open(job.base, job.count) {
                continue;
            }
            let Some(states) = self.queue.states(job) else { continue };
            let state = |part| states.get(&part).cloned().unwrap_or_else(|| over("Slurm has forgotten it"));
            self.parts.settle(job.base, job.count, state, &mut self.left_behind);
        }
        if self.slurm.attaches {
            self.settle_earlier_sample();
        }
    }

    /// The sample of an earlier run has ended with that run: it is in no job.
    fn settle_earlier_sample(&mut self) {
        let is_of_job = |number| {
            self.state.submitted.iter().any(|job| (job.base..job.base + job.count).contains(&number))
        };
        let samples: Vec<u64> = (1..=self.state.parts).filter(|number| !is_of_job(*number)).collect();
        for number in samples {
            let state = |_| TaskState::Ended("the run that had begun it has ended".to_owned());
            self.parts.settle(number, 1, state, &mut self.left_behind);
        }
    }

    /// Cancels everything that was submitted, once.
    fn cancel(&mut self) {
        if std::mem::replace(&mut self.is_cancelled, true) {
            return;
        }
        if let Some((_, sample)) = &self.sample {
            sample.cancel();
        }
        for job in self.state.submitted.iter().filter(|job| self.parts.has_open(job.base, job.count)) {
            self.queue.cancel(job);
        }
    }

    /// Waits until `srun` has ended: its items have.
    fn end_sample(&mut self) {
        let deadline = Instant::now() + SAMPLE_END;
        let Some((_, sample)) = self.sample.take() else { return };
        while !sample.is_over() && Instant::now() < deadline {
            thread::sleep(LOOK / 10);
        }
    }

    /// Gives back the items that are not finished: they count as never run.
    fn give_up_rest(&mut self) {
        (0..self.parts.unfinished()).for_each(|_| self.finisher.scheduler.done());
        if self.parts.unfinished() > 0 && !self.is_detached {
            // Somebody has cancelled array tasks, or the run itself.
            self.left.shutdown.ask(Stop::Soon);
        }
    }

    /// Makes a part of so many items.
    fn add(
        &mut self,
        items: impl Iterator<Item = io::Result<(u64, Box<[u8]>)>>,
        count: u64,
    ) -> Result<u64, Error> {
        let number = self.state.parts + 1;
        self.parts.add(number, items).map_err(|error| self.cannot_use(&error))?;
        self.state.parts = number;
        self.items += count;
        Ok(number)
    }

    fn save(&self) -> Result<(), Error> {
        self.state.write(self.shared).map_err(|error| self.cannot_use(&error))
    }

    fn cannot_use(&self, error: &io::Error) -> Error {
        let shared = self.shared.display();
        Error::new(Code::EngineUnfit, format!("cannot use the shared directory '{shared}': {error}"))
    }
}

/// What looks at a run and takes what is finished.
struct Eye<'a> {
    finished: &'a Sender<Finished>,
    observer: &'a mut dyn JobObserver,
    begun: Instant,
}
