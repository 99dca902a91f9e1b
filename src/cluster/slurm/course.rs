//! The course of a run on Slurm: a sample, the other items, and what array tasks have left.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::cluster::slurm::config::SlurmConfig;
use crate::cluster::slurm::cut::{MAX_TASKS, Pace, items_per_task};
use crate::cluster::slurm::parts::{LeftBehind, Parts};
use crate::cluster::slurm::queue::{Queue, Submitted};
use crate::cluster::slurm::queue_state::TaskState;
use crate::cluster::slurm::sample::Sample;
use crate::cluster::slurm::state::State;
use crate::cluster::watch::Left;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::job::engine_report::{EngineKind, EngineReport};
use crate::job::finisher::Finisher;
use crate::job::outcome::{Attempt, Ending, Finished};
use crate::job::progress::{JobObserver, RecentRate};
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
            cancelled: if self.is_cancelled { 0 } else { self.left_behind.cancelled.len() as u64 },
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
        self.give_up_rest(&eye);
        self.end_sample();
        done
    }

    fn run_all(&mut self, eye: &mut Eye<'_>) -> Result<(), Error> {
        let loose = if self.slurm.attaches { self.take_up()? } else { self.run_sample(eye)? };
        self.submit(&loose)?;
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
        let found = self.parts.follow(self.scratch).map_err(|error| self.cannot_use(&error))?;
        for (mut work, followed) in found {
            if let Some((_, sample)) = &mut self.sample {
                sample.add(followed.number, &followed.attempt);
            }
            work.attempts = followed.attempts.saturating_sub(1);
            // A rule that ends the run asks for it by itself.
            let _ = self.finisher.conclude(work, SLOT, followed.attempt, eye.finished);
        }
        Ok(())
    }

    /// Runs the first items on a node and waits until they show the pace; returns the items that are left.
    fn run_sample(&mut self, eye: &mut Eye<'_>) -> Result<Vec<u64>, Error> {
        let wanted = self.slurm.sample_items() as usize;
        let mut items = Vec::new();
        while items.len() < wanted {
            let works = self.left.scheduler.take_fresh(wanted - items.len());
            if works.is_empty() {
                break;
            }
            items.extend(self.parts.take(works));
        }
        if items.is_empty() {
            return Ok(items);
        }
        let number = self.add(&items)?;
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
        Ok(self.take_all())
    }

    /// Takes all items that the reader still has.
    fn take_all(&mut self) -> Vec<u64> {
        let mut items = Vec::new();
        loop {
            let works = self.left.scheduler.take_fresh(TAKEN);
            if works.is_empty() {
                return items;
            }
            items.extend(self.parts.take(works));
        }
    }

    /// Takes up what an earlier run has submitted; returns the items that are in no part.
    fn take_up(&mut self) -> Result<Vec<u64>, Error> {
        let mut loose: std::collections::BTreeSet<u64> = self.take_all().into_iter().collect();
        for number in 1..=self.state.parts {
            for item in self.parts.take_up(number).map_err(|error| self.cannot_use(&error))? {
                loose.remove(&item);
            }
        }
        self.asked_at = Instant::now() - ASK;
        Ok(loose.into_iter().collect())
    }

    /// Submits items in as many array tasks as they need.
    fn submit(&mut self, items: &[u64]) -> Result<(), Error> {
        if items.is_empty() || self.left.shutdown.asked().is_some() {
            return Ok(());
        }
        let pace = self.pace.unwrap_or(Pace { item_s: 1.0, start_s: 1.0 });
        let each = items_per_task(items.len() as u64, pace, self.slots) as usize;
        let base = self.state.parts + 1;
        for part in items.chunks(each.max(1)) {
            self.add(part)?;
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
            for (number, reason) in failed {
                let Some(work) = self.parts.give_up(number) else { continue };
                let times = MAX_ROUNDS + 1;
                let reason = format!("{times} array tasks ended without it; the last: {reason}");
                let _ =
                    self.finisher.conclude(work, SLOT, Attempt::ended(Ending::Broken(reason)), eye.finished);
            }
            return Ok(());
        }
        self.state.rounds += 1;
        let items: Vec<u64> = failed.into_iter().map(|(number, _)| number).collect();
        let before = self.state.parts;
        self.submit(&items)?;
        self.sent_again += self.state.parts - before;
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
    fn give_up_rest(&mut self, eye: &Eye<'_>) {
        let is_short = self.parts.unfinished() > 0 && !self.is_detached;
        for work in self.parts.give_up_all() {
            let _ = self.finisher.conclude(work, SLOT, Attempt::ended(Ending::Stopped), eye.finished);
        }
        if is_short {
            // Somebody has cancelled array tasks, or the run itself.
            self.left.shutdown.ask(Stop::Soon);
        }
    }

    fn add(&mut self, items: &[u64]) -> Result<u64, Error> {
        let number = self.state.parts + 1;
        self.parts.add(number, items).map_err(|error| self.cannot_use(&error))?;
        self.state.parts = number;
        self.items += items.len() as u64;
        Ok(number)
    }

    fn save(&self) -> Result<(), Error> {
        self.state.write(self.shared).map_err(|error| self.cannot_use(&error))
    }

    fn cannot_use(&self, error: &std::io::Error) -> Error {
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
