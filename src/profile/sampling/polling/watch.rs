//! Sampling of the user mode of the threads that compute.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use crate::host::procfs::{self, ExecutableMap};
use crate::host::user_clock::UserClock;
use crate::profile::sampling::polling::counts::PlaceCounts;
use crate::profile::sampling::polling::place::{
    BYTES_BEFORE, Place, cause_of_library, place_of_instructions,
};
use crate::profile::sampling::snapshot::{ThreadKey, ThreadRecord};

/// CPU time of a thread between two samples: a thread that computes for a second gives 250.
const PERIOD: Duration = Duration::from_millis(4);

/// CPU seconds from which a thread is worth sampling: shorter ones do not poll for long.
const BUSY_S: f64 = 0.05;

/// Number of threads that are sampled, at most; others of the same kind would show nothing else.
const MAX_THREADS: usize = 64;

/// Number of places whose kind is remembered; a program that is larger than that does not spin.
const MAX_PLACES: usize = 4096;

/// Times that the files of a process are read again because a place is in none of them.
const MAX_MAP_READS: u32 = 4;

/// Samples threads that compute, from the time when they have computed for a while.
#[derive(Debug, Default)]
pub(crate) struct PollingWatch {
    clocks: HashMap<ThreadKey, Watched>,
    processes: HashMap<u32, ProcessFiles>,
    gone: HashSet<ThreadKey>,
    counts: PlaceCounts,
}

/// A thread that is sampled.
#[derive(Debug)]
struct Watched {
    clock: UserClock,
    /// Times that the thread had been given a CPU when sampling it began.
    slices: u64,
}

/// Files in the memory of a process, and what is known of its places.
#[derive(Debug, Default)]
struct ProcessFiles {
    maps: Vec<ExecutableMap>,
    memory: Option<File>,
    reads: u32,
    places: HashMap<u64, Place>,
}

impl PollingWatch {
    /// Looks at a thread that is there: begins to sample it once it has computed for a while.
    pub(crate) fn look(&mut self, key: ThreadKey, record: &ThreadRecord) {
        let is_busy = record.total_s().0 >= BUSY_S;
        if !is_busy || self.counts.is_refused || self.gone.contains(&key) || self.clocks.contains_key(&key) {
            return;
        }
        if self.clocks.len() >= MAX_THREADS {
            return;
        }
        match UserClock::start(key.tid, PERIOD) {
            Some(clock) => {
                self.clocks.insert(key, Watched { clock, slices: record.last.slices });
            }
            None if self.clocks.is_empty()
                && procfs::thread_stat(key.pid, key.tid).is_some_and(|stat| !stat.has_ended()) =>
            {
                self.counts.is_refused = true
            }
            None => {
                self.gone.insert(key);
            }
        }
    }

    /// Counts the samples since the last call, as long as the processes are there to tell what they show.
    pub(crate) fn collect(&mut self) {
        for (key, watched) in &mut self.clocks {
            let files = self.processes.entry(key.pid).or_default();
            let counts = &mut self.counts;
            watched.clock.take(|pointer| counts.add(files.place(key.pid, pointer), PERIOD.as_secs_f64()));
        }
    }

    /// Returns all samples.
    pub(crate) fn finish(mut self, records: &HashMap<ThreadKey, ThreadRecord>) -> PlaceCounts {
        self.collect();
        let slices = |(key, watched): (&ThreadKey, &Watched)| {
            records.get(key).map_or(0, |record| record.last.slices.saturating_sub(watched.slices))
        };
        self.counts.slices = self.clocks.iter().map(slices).sum();
        self.counts
    }
}

impl ProcessFiles {
    fn place(&mut self, pid: u32, pointer: u64) -> Place {
        if let Some(place) = self.places.get(&pointer) {
            return *place;
        }
        let place = match cause_of_library(self.path(pid, pointer)) {
            Some(cause) => Place::Polls(cause),
            None => self.place_in_memory(pointer),
        };
        if self.places.len() < MAX_PLACES {
            self.places.insert(pointer, place);
        }
        place
    }

    /// Returns the path of the file that a place belongs to; empty if it belongs to none.
    fn path(&mut self, pid: u32, pointer: u64) -> &str {
        let holds = |map: &ExecutableMap| (map.from..map.to).contains(&pointer);
        if self.reads < MAX_MAP_READS && !self.maps.iter().any(holds) {
            self.reads += 1;
            self.maps = procfs::executable_maps(pid);
            self.memory = procfs::open_memory(pid);
        }
        self.maps.iter().find(|map| holds(map)).map_or("", |map| &map.path)
    }

    /// Returns the kind of a place by its instructions; any work if they may not be read.
    fn place_in_memory(&self, pointer: u64) -> Place {
        let mut bytes = [0; BYTES_BEFORE + 4];
        let from = pointer.saturating_sub(BYTES_BEFORE as u64);
        let is_read =
            self.memory.as_ref().is_some_and(|memory| memory.read_exact_at(&mut bytes, from).is_ok());
        match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(before), Some(at)) if is_read => place_of_instructions(before, at),
            _ => Place::Work,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Instant;

    use super::*;
    use crate::profile::result::PollingCause;
    use crate::profile::sampling::procfs::ProcfsSampler;
    use crate::profile::sampling::target::Target;

    /// Returns what is seen of a thread of this process that does `work` until enough samples are taken.
    fn watched(work: impl Fn() + Send) -> Option<PlaceCounts> {
        let pid = std::process::id();
        let is_over = AtomicBool::new(false);
        let (tell, told) = std::sync::mpsc::channel();
        std::thread::scope(|scope| {
            let is_over = &is_over;
            scope.spawn(move || {
                tell.send(nix::unistd::gettid().as_raw().cast_unsigned()).expect("somebody listens");
                while !is_over.load(Ordering::Relaxed) {
                    work();
                }
            });
            let tid = told.recv().expect("a thread");
            let mut sampler =
                ProcfsSampler::new(Target { root: pid, includes_root: true, runs_tasks: false });
            let (mut watch, begun) = (PollingWatch::default(), Instant::now());
            while watch.counts.all < 50 && !watch.counts.is_refused && begun.elapsed().as_secs() < 60 {
                std::thread::sleep(Duration::from_millis(10));
                sampler.snapshot();
                let own = sampler.records().iter().filter(|(key, _)| key.tid == tid);
                own.for_each(|(key, record)| watch.look(*key, record));
                watch.collect();
            }
            is_over.store(true, Ordering::Relaxed);
            let counts = watch.finish(sampler.records());
            (!counts.is_refused).then_some(counts)
        })
    }

    /// Spins so often in a row that a build without optimisation hardly does anything else.
    fn spin() {
        for _ in 0..1000 {
            std::hint::spin_loop();
            std::hint::spin_loop();
            std::hint::spin_loop();
            std::hint::spin_loop();
        }
    }

    #[test]
    fn a_spin_loop_is_seen_and_work_is_not() {
        let Some(spinning) = watched(spin) else { return };
        assert!(spinning.polls(PollingCause::Spin) * 2 > spinning.all, "{spinning:?}");
        let working = watched(|| {
            std::hint::black_box((0..1000_u64).map(std::hint::black_box).sum::<u64>());
        });
        assert!(working.is_some_and(|counts| counts.all >= 50 && counts.polls_at_all() == 0), "{working:?}");
    }
}
