//! The times to start Python workers, measured once for every interpreter and start method.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::benchmark::overhead::{PythonStartUp, WorkerStart};
use crate::gate::fingerprint::MachineFingerprint;
use crate::host::Host;
use crate::host::replace_file::replace_file;
use crate::python::protocol::event::StartUpReport;
use crate::study::callables::Callables;

/// Number of workers in the pool that is compared with a pool of one.
const WORKERS: std::ops::RangeInclusive<usize> = 2..=4;

/// Maximum number of interpreters and start methods that the cache keeps; the oldest ones go.
const MAX_ENTRIES: usize = 32;

/// Returns the times to start workers of `callables`, from the cache at `file` or measured now; `None` if they
/// cannot be measured. On a busy machine an earlier measurement is good enough, and a new one is not trusted
/// for longer.
pub(super) fn python_start_up(
    callables: &Callables,
    host: &Host,
    file: Option<PathBuf>,
    recalibrate: bool,
    is_quiet: bool,
) -> Option<PythonStartUp> {
    let method = callables.start_method();
    let key = InterpreterKey::of(callables.executable(), callables.version(), method);
    let mut cache = StartUpCache::read(file, MachineFingerprint::new(host, env!("CARGO_PKG_VERSION"), None));
    let cached = key.as_ref().and_then(|key| cache.find(key)).filter(|_| !recalibrate);
    if let Some(entry) = cached.filter(|entry| entry.is_quiet || !is_quiet) {
        return Some(entry.start_up);
    }
    let workers = host.cpu_workers().clamp(*WORKERS.start(), *WORKERS.end());
    let report = callables.measure_start_up(workers).ok()?;
    let start_up = start_up(&report, method, host.cpus_effective);
    if let Some(key) = key {
        cache.add(CachedStartUp { key, is_quiet, start_up });
    }
    Some(start_up)
}

fn start_up(report: &StartUpReport, method: &str, cpus: f64) -> PythonStartUp {
    let of =
        |[one_s, all_s]: [f64; 2], forks| WorkerStart::measured(one_s, all_s, report.workers, cpus, forks);
    let usual = PythonStartUp::usual(method);
    PythonStartUp {
        process: of(report.processes, method == "fork"),
        interpreter: report.interpreters.map_or(usual.interpreter, |times| of(times, false)),
    }
}

/// The identity of an interpreter, and a start method of `multiprocessing`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct InterpreterKey {
    executable: PathBuf,
    inode: u64,
    bytes: u64,
    modified_s: i64,
    version: String,
    start_method: String,
}

impl InterpreterKey {
    /// Returns the key of an executable; `None` if there is no such file.
    fn of(executable: &Path, version: &str, start_method: &str) -> Option<Self> {
        let file = fs::metadata(executable).ok()?;
        Some(InterpreterKey {
            executable: executable.to_owned(),
            inode: file.ino(),
            bytes: file.len(),
            modified_s: file.mtime(),
            version: version.to_owned(),
            start_method: start_method.to_owned(),
        })
    }
}

/// One measurement in the cache.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CachedStartUp {
    key: InterpreterKey,
    /// True if no other program used the CPUs when it was made.
    is_quiet: bool,
    start_up: PythonStartUp,
}

/// The contents of the cache.
#[derive(Debug, Serialize, Deserialize)]
struct StartUpCache {
    #[serde(skip)]
    file: Option<PathBuf>,
    machine: MachineFingerprint,
    entries: Vec<CachedStartUp>,
}

impl StartUpCache {
    /// Reads the cache; it is empty if it is missing, unreadable or that of another machine.
    fn read(file: Option<PathBuf>, machine: MachineFingerprint) -> Self {
        let bytes = file.as_ref().and_then(|file| fs::read(file).ok());
        let cache: Option<StartUpCache> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let entries = cache.filter(|cache| cache.machine.differences(&machine).is_empty());
        StartUpCache { file, machine, entries: entries.map(|cache| cache.entries).unwrap_or_default() }
    }

    fn find(&self, key: &InterpreterKey) -> Option<&CachedStartUp> {
        self.entries.iter().find(|entry| entry.key == *key)
    }

    /// Adds a measurement in place of an earlier one. A cache that cannot be written only costs another
    /// measurement.
    fn add(&mut self, added: CachedStartUp) {
        let is_other = |entry: &CachedStartUp| {
            let (old, new) = (&entry.key, &added.key);
            old.executable != new.executable || old.start_method != new.start_method
        };
        self.entries.retain(is_other);
        self.entries.push(added);
        self.entries.drain(..self.entries.len().saturating_sub(MAX_ENTRIES));
        let Some(file) = &self.file else { return };
        let Ok(bytes) = serde_json::to_vec(self) else { return };
        let _ = file.parent().map(fs::create_dir_all);
        let _ = replace_file(file, &bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::testing::host;

    fn entry(executable: &Path, start_method: &str, is_quiet: bool) -> CachedStartUp {
        let key = InterpreterKey::of(executable, "3.14.0", start_method).expect("an executable");
        CachedStartUp { key, is_quiet, start_up: PythonStartUp::usual(start_method) }
    }

    fn cache(file: &Path, cpus: usize) -> StartUpCache {
        StartUpCache::read(Some(file.to_owned()), MachineFingerprint::new(&host(cpus), "1", None))
    }

    #[test]
    fn a_measurement_is_that_of_one_interpreter_and_one_start_method() {
        let directory = tempfile::tempdir().expect("a directory");
        let (file, python) = (directory.path().join("conc/start-up.json"), directory.path().join("python"));
        fs::write(&python, "one").expect("written");
        let spawn = entry(&python, "spawn", true);
        cache(&file, 2).add(spawn.clone());
        cache(&file, 2).add(entry(&python, "fork", true));
        assert_eq!(cache(&file, 2).find(&spawn.key), Some(&spawn));
        assert_eq!(cache(&file, 2).entries.len(), 2);
        assert_eq!(cache(&file, 4).find(&spawn.key), None, "another machine");
        fs::write(&python, "another").expect("written");
        let rebuilt = entry(&python, "spawn", true);
        assert_eq!(cache(&file, 2).find(&rebuilt.key), None, "another build at the same place");
        cache(&file, 2).add(rebuilt.clone());
        assert_eq!(cache(&file, 2).entries.len(), 2, "the new build replaces the old one");
    }

    #[test]
    fn a_cache_that_cannot_be_read_is_empty() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("start-up.json");
        assert!(cache(&file, 2).entries.is_empty());
        fs::write(&file, "{").expect("written");
        assert!(cache(&file, 2).entries.is_empty());
    }

    #[test]
    fn an_interpreter_without_a_pool_of_interpreters_gets_the_usual_time() {
        let report = StartUpReport { workers: 2, processes: [0.4, 0.8], interpreters: None };
        let start_up = start_up(&report, "forkserver", 2.0);
        assert_eq!(start_up.interpreter, PythonStartUp::usual("forkserver").interpreter);
        assert_eq!(start_up.process, WorkerStart { first_s: 0.4, serial_s: 0.0, parallel_s: 0.8 });
    }
}
