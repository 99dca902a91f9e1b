//! The limit that keeps a larger width from being better.

use serde::{Deserialize, Serialize};

use crate::flag::caps::CapKind;
use crate::flag::measure::RunMeasure;
use crate::flag::parameters::Parameters;
use crate::flag::record::Record;
use crate::flag::search::Search;
use crate::flag::serial::is_explained;
use crate::profile::result::{WaitKind, Waits};

/// Share of the CPUs in use from which the CPUs are the limit.
const CPUS_BUSY_FROM: f64 = 0.85;

/// Share of the CPUs that other programs leave at least.
const LEAST_LEFT: f64 = 0.1;

/// Share of a run with one worker from which that part is the limit.
const SERIAL_FROM: f64 = 0.3;

/// Share of the width below which the workers seen do not fill it.
const FILLED_FROM: f64 = 0.75;

/// Share of the waits from which one kind is named.
const MAIN_WAIT_FROM: f64 = 0.5;

/// The limit that binds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "code", rename_all = "kebab-case")]
pub enum FlagLimit {
    /// All CPUs are busy.
    Cpus {
        /// Mean number of CPUs in use.
        busy: f64,
        /// CPUs that programs can use.
        cpus: f64,
        /// Mean number of CPUs that other programs used meanwhile.
        others: f64,
    },
    /// A resource of the machine caps the width.
    Capped {
        /// The resource.
        resource: CapKind,
        /// The widest total of threads that it allows.
        widest: usize,
    },
    /// The program does the same whatever the width.
    NoEffect {
        /// The narrowest values measured.
        narrow: Parameters,
        /// The widest values measured.
        wide: Parameters,
        /// Mean number of workers that ran at once in both.
        workers: f64,
    },
    /// Most of the time only one worker has something to do.
    Serial {
        /// Share of the recommended run with one worker.
        share: f64,
    },
    /// The workers wait for something that does not get faster by more of them.
    Waits {
        /// The main kind of wait.
        kind: WaitKind,
        /// Its share of all waits.
        share: f64,
    },
    /// The program has no more to run at once.
    Work {
        /// Mean number of workers while there were several.
        at_once: f64,
    },
    /// The widest value considered is the best.
    WidestTried,
    /// Nothing that was seen explains it.
    Unknown,
}

/// Returns the limit that binds at the recommended cell `i`.
pub(crate) fn limit(search: &Search, i: usize) -> FlagLimit {
    let records = search.records();
    let record = &records[i];
    if !record.is_measured() {
        return search.binding_cap().map_or(FlagLimit::Unknown, capped);
    }
    if let Some((narrow, wide)) = search.without_effect() {
        let workers = records[wide].mean(|run| run.workers.mean());
        let parameters = |i: usize| records[i].parameters.clone();
        return FlagLimit::NoEffect { narrow: parameters(narrow), wide: parameters(wide), workers };
    }
    let cpus = search.space().cpus;
    let busy = record.mean(RunMeasure::cpus_busy);
    // Other programs leave fewer of them.
    let others = record.mean(|run| run.others_cpus);
    let left = (cpus - others).max(LEAST_LEFT * cpus);
    if busy >= CPUS_BUSY_FROM * left {
        return FlagLimit::Cpus { busy, cpus, others };
    }
    if let Some(cap) = search.binding_cap().filter(|_| is_widest(search, i)) {
        return capped(cap);
    }
    if is_widest(search, i) {
        return FlagLimit::WidestTried;
    }
    by_workers(record, is_explained(search, i))
}

fn capped(cap: crate::flag::caps::Cap) -> FlagLimit {
    FlagLimit::Capped { resource: cap.code, widest: cap.widest }
}

/// Returns true if no wider cell of the same value may run.
fn is_widest(search: &Search, i: usize) -> bool {
    let Parameters { value, .. } = &search.records()[i].parameters;
    let total = search.records()[i].parameters.total();
    let is_wider = |record: &&Record| record.parameters.value == *value && record.parameters.total() > total;
    let allowed = search.binding_cap().map_or(usize::MAX, |cap| cap.widest);
    !search.records().iter().filter(is_wider).any(|record| record.parameters.total() <= allowed)
}

fn by_workers(record: &Record, is_explained: bool) -> FlagLimit {
    let workers = record.mean(|run| run.workers.single_s);
    let several = record.mean(|run| run.workers.several_s);
    let at_once = record.mean(|run| run.workers.at_once);
    let serial = workers / (workers + several).max(f64::MIN_POSITIVE);
    let waits = mean_waits(record);
    let main =
        waits.main().map(|kind| (kind, waits.share(kind))).filter(|(_, share)| *share >= MAIN_WAIT_FROM);
    let is_shared = |kind: WaitKind| matches!(kind, WaitKind::Lock | WaitKind::LockOrTimer | WaitKind::Disk);
    match main {
        Some((kind, share)) if is_shared(kind) => FlagLimit::Waits { kind, share },
        _ if serial >= SERIAL_FROM && is_explained => FlagLimit::Serial { share: serial },
        _ if at_once > 0.0 && at_once < FILLED_FROM * record.parameters.total() as f64 => {
            FlagLimit::Work { at_once }
        }
        Some((kind, share)) => FlagLimit::Waits { kind, share },
        None => FlagLimit::Unknown,
    }
}

fn mean_waits(record: &Record) -> Waits {
    Waits {
        network: record.mean(|run| run.waits.network),
        disk: record.mean(|run| run.waits.disk),
        sleep: record.mean(|run| run.waits.sleep),
        lock: record.mean(|run| run.waits.lock),
        lock_or_timer: record.mean(|run| run.waits.lock_or_timer),
        pipe: record.mean(|run| run.waits.pipe),
        child: record.mean(|run| run.waits.child),
        signal: record.mean(|run| run.waits.signal),
        other: record.mean(|run| run.waits.other),
    }
}
