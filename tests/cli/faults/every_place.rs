//! One run for every place and fault.

use std::io::{self, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use super::coverage::Coverage;
use super::job::{JOBS, Job, reset, sandbox};
use super::place::{Effect, Place, read_places};
use super::seam::{Fault, Seam};
use super::verdict::{functions, judge};
use crate::sandbox::Sandbox;

/// Wall time of a sample, the runs that list places included.
const SAMPLE: Duration = Duration::from_secs(10);

/// Commands of a sample: listing the places of all of them takes too long.
const SAMPLED_JOBS: usize = 3;

/// Time in which the last processes and files of a run go: far longer than that takes on a busy machine.
const LEAVING: Duration = Duration::from_secs(60);

/// Runs of a sample, at least, however slow the machine is.
const FEWEST_RUNS: usize = 8;

/// A fault at a place of a command.
struct Case {
    job: &'static Job,
    place: Place,
    fault: Fault,
}

impl Case {
    fn of(job: &'static Job, place: &Place, effect: Effect) -> Self {
        let fault = Fault { hash: place.hash.clone(), count: 1, effect };
        Case { job, place: place.clone(), fault }
    }

    /// Returns what is wrong with a run that has the fault; `None` if it is right.
    fn run(&self, seam: &Seam, coverage: &Mutex<Coverage>) -> Option<String> {
        let sandbox = sandbox();
        let outcome = seam.run(&sandbox, self.job.arguments, Some(&self.fault));
        let Fault { hash, count, effect } = &self.fault;
        let ran = coverage.lock().unwrap().add(&self.place.call, hash, *effect, outcome.fired.is_some());
        if ran.is_multiple_of(200) {
            let _ = writeln!(io::stderr(), "{ran} runs");
        }
        let wrong = judge(self.job, *effect, &outcome, &sandbox).err().or_else(|| left(&sandbox))?;
        let at = functions(&self.place.stack);
        let said =
            format!("{}\n{}", outcome.stderr.trim(), outcome.stdout.lines().next().unwrap_or_default());
        Some(format!(
            "{}: {} of {} ({}, descriptor {}): {wrong}\n  CONC_FAULTS={hash}:{count}:{effect}\n  at {at}\n  {:?} {said}",
            self.job.name,
            effect.name(),
            self.place.call,
            self.place.role,
            self.place.file,
            outcome.status,
        ))
    }
}

/// Returns what a run has left behind, once it had time to go.
fn left(sandbox: &Sandbox) -> Option<String> {
    let deadline = Instant::now() + LEAVING;
    while sandbox.left().is_some() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
    sandbox.left().map(|left| format!("it leaves {left}"))
}

/// Lists the faults at every place of a command.
fn cases(seam: &Seam, job: &'static Job) -> Vec<Case> {
    let sandbox = sandbox();
    let outcome = seam.run(&sandbox, job.arguments, None);
    let places = read_places(&outcome.log);
    assert!(places.len() > 30, "{}: {} places: {}", job.name, places.len(), outcome.stderr);
    sandbox.assert_nothing_is_left();
    reset(&sandbox);
    places
        .iter()
        .flat_map(|place| place.effects().into_iter().map(|effect| Case::of(job, place, effect)))
        .collect()
}

/// Puts the parts into an order that the seed decides.
fn shuffle<T>(parts: &mut [T], seed: u64) {
    parts.shuffle(&mut StdRng::seed_from_u64(seed));
}

/// Runs the cases on some threads until the time is up; returns what is wrong.
fn run_all(seam: &Seam, cases: &[Case], threads: usize, deadline: Option<Instant>) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let (coverage, wrong) = (Mutex::new(Coverage::default()), Mutex::new(Vec::new()));
    let is_late =
        |ran: usize| ran >= FEWEST_RUNS && deadline.is_some_and(|deadline| Instant::now() > deadline);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(at).filter(|_| !is_late(at)) else { return };
                    if let Some(told) = case.run(seam, &coverage) {
                        let _ = writeln!(io::stderr(), "{told}");
                        wrong.lock().unwrap().push(told);
                    }
                }
            });
        }
    });
    let _ = writeln!(io::stderr(), "{}", coverage.into_inner().unwrap().table());
    wrong.into_inner().unwrap()
}

/// Reads `HASH:COUNT:EFFECT`.
fn named(text: &str) -> Option<(String, u32, String)> {
    let mut parts = text.split(':').map(str::to_owned);
    Some((parts.next()?, parts.next()?.parse().ok()?, parts.next()?))
}

#[test]
fn a_fault_at_any_place_ends_in_a_documented_status_and_leaves_nothing() {
    let Some(seam) = Seam::build() else {
        let _ = writeln!(io::stderr(), "skipped: faults of the system (there is no C compiler)");
        return;
    };
    let begun = Instant::now();
    let asked = std::env::var("CONC_FAULTS").unwrap_or_default();
    let seed = std::env::var("CONC_FAULT_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let only = std::env::var("CONC_FAULT_JOB").ok();
    let mut jobs: Vec<_> =
        JOBS.iter().filter(|job| only.as_ref().is_none_or(|only| job.name == only)).collect();
    if asked.is_empty() {
        shuffle(&mut jobs, seed);
        jobs.truncate(SAMPLED_JOBS);
    }
    let mut cases: Vec<Case> = jobs.into_iter().flat_map(|job| cases(&seam, job)).collect();
    if let Some((hash, count, effect)) = named(&asked) {
        cases.retain(|case| case.fault.hash == hash && case.fault.effect.to_string() == effect);
        cases.iter_mut().for_each(|case| case.fault.count = count);
    }
    shuffle(&mut cases, seed);
    let seconds = std::env::var("CONC_FAULT_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let (threads, time) = match asked.is_empty() {
        true => (1, Some(SAMPLE)),
        false => {
            (std::thread::available_parallelism().map_or(1, Into::into), seconds.map(Duration::from_secs))
        }
    };
    let wrong = run_all(&seam, &cases, threads, time.map(|time| begun + time));
    assert!(wrong.is_empty(), "{} of {} runs are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
