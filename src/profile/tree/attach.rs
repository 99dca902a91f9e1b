//! Profiles a process that runs already, with everything below it.

use std::time::{Duration, Instant};

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::procfs;
use crate::profile::result::Profile;
use crate::profile::tree::command::at_least;
use crate::profile::tree::conclude::{Measured, conclude};
use crate::profile::tree::machine::MachineWatch;
use crate::profile::tree::result::SampleSource;
use crate::profile::tree::sampler::{Target, sample};

/// Profiles process `pid` for `time`, or until it ends, with `cpus` CPUs to use; less if `is_interrupted`
/// says so.
///
/// # Errors
/// When there is no such process, or it ends before anything was seen of it.
pub fn profile_process(
    pid: u32,
    time: Duration,
    source: SampleSource,
    cpus: f64,
    is_interrupted: impl Fn() -> bool,
) -> Result<Profile, Error> {
    let refused = |message: String| Error::new(Code::HostProcess, message);
    if !exists(pid) {
        return Err(refused(format!("there is no process {pid}")));
    }
    let machine = MachineWatch::start();
    let begun = Instant::now();
    let observed = sample(Target { root: pid, with_root: true }, source, |period| {
        let left = time.saturating_sub(begun.elapsed());
        // A process that is nobody's child here cannot be waited for; the next look finds it gone.
        std::thread::sleep(period.min(left));
        !left.is_zero() && !is_interrupted()
    });
    if observed.wall_s <= 0.0 {
        return Err(refused(format!("process {pid} ended before it could be profiled")));
    }
    let cpu = at_least(observed.ticked, observed.seen_s);
    let measured = Measured { runs: vec![[0.0, observed.wall_s]], cpu, exit: None, is_exact: false };
    let machine = machine.end(cpu.total_s() + observed.cost_s);
    Ok(conclude(&measured, observed, machine, cpus))
}

/// Whether there is such a process, and it has not ended.
fn exists(pid: u32) -> bool {
    match procfs::process_stat(pid) {
        Some(stat) => !matches!(stat.state, 'Z' | 'X'),
        None => crate::profile::tree::portable::Portable::new(pid, true)
            .is_some_and(|mut portable| portable.look(0.0, 0.0).1),
    }
}
