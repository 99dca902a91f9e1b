//! The profile of tasks that are commands: what a tree is, divided by the tasks it ran.

use crate::profile::child::RawProfile;
use crate::profile::result::{Profile, TaskCost};
use crate::profile::tree::conclude::{self, Measured, whole_nanoseconds};
use crate::profile::tree::machine::MachineWatch;
use crate::profile::tree::sampler::Observed;

/// Makes the profile of one task of what was seen while all of them ran one after another.
pub(in crate::profile) fn conclude(raw: &RawProfile, observed: Observed, machine: &MachineWatch) -> Profile {
    let end_s = observed.moments.last().map_or(raw.wall_s, |moment| moment.at_s);
    let runs = vec![[(end_s - raw.wall_s).max(0.0), (end_s - raw.wall_s).max(0.0) + raw.wall_s]];
    let measured = Measured { runs, cpu: raw.cpu, exit: None, is_exact: true };
    let machine = machine.end(raw.cpu.total_s() + observed.cost_s);
    let cpus = std::thread::available_parallelism().map_or(1.0, |cpus| usize::from(cpus) as f64);
    let profile = conclude::conclude(&measured, observed, machine, cpus);
    let tasks = raw.tally.counts.started();
    let task = TaskCost {
        cpu_s: profile.task.cpu_s / tasks as f64,
        wait_s: whole_nanoseconds(profile.task.wait_s / tasks as f64),
    };
    Profile { task, tasks, ..profile }
}
