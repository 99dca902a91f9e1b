//! The limits that can bind a workload, and how each is told.

use crate::advice::facts::Serial;
use crate::units::{PerSecond, Seconds, Share};

/// What keeps the throughput from growing further.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// A place that only one task at a time can be in.
    Serial(Serial),
    /// The token bucket of the workload.
    Rate {
        /// Starts per second that it allows.
        per_s: f64,
    },
    /// There is too little to do: starting anything costs more than it saves.
    Size {
        /// Seconds of the whole workload, one task after another.
        total_s: f64,
    },
    /// Tasks are so short that handing them out costs what running them at once saves.
    TaskSize {
        /// Seconds of one task.
        task_s: f64,
    },
    /// The CPUs are busy.
    Cpus {
        /// How many there are.
        cpus: f64,
        /// Share of them that the tasks use.
        used: f64,
        /// What the model predicts on twice as many at twice the width, over the present.
        gain_of_twice: f64,
    },
    /// The lock of an interpreter, which lets one thread compute at a time.
    InterpreterLock {
        /// Share of one CPU that the tasks use.
        used: f64,
    },
    /// Throughput is flat although CPUs are idle: something behind the tasks is at its limit.
    Shared {
        /// What it is, as far as the profile tells.
        what: Resource,
        /// The width from which throughput is flat.
        beyond: usize,
        /// How many tasks are served at once, by Little's law.
        serves: usize,
    },
    /// The semaphore of the workload.
    MaxInFlight {
        /// Tasks it lets through.
        limit: usize,
    },
    /// All tasks are in flight at once.
    TaskCount {
        /// How many there are.
        tasks: u64,
    },
    /// A wider cell was not run, or failed.
    Refused {
        /// The cell, such as "async 512".
        cell: String,
        /// Why.
        reason: String,
    },
    /// The strategy cannot be any wider on this machine.
    Machine {
        /// What allows no more, such as "open files: 1024 (1 per task)".
        what: String,
    },
    /// No limit was reached: throughput grows up to the widest width measured, as far as is known.
    Unreached {
        /// That width.
        widest: usize,
    },
}

/// What tasks can share beyond the CPUs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// A server that the tasks talk to.
    Upstream,
    /// The embedded server, which uses the same CPUs as the tasks.
    BusyFixture,
    /// A block device.
    Disk,
    /// A lock between the tasks.
    Lock,
    /// Caches or the way to memory.
    Memory,
    /// What commands have in common.
    Children,
    /// Something else.
    Unknown,
}

impl Bound {
    /// The limit in one sentence.
    pub fn sentence(&self) -> String {
        match self {
            Bound::Serial(serial) => {
                format!("{}: one task at a time, for {} of each task", serial.by, Share(serial.share))
            }
            Bound::Rate { per_s } => format!("rate_per_s: it allows {} tasks/s", PerSecond(*per_s)),
            Bound::Size { total_s } => {
                format!("the size of the workload: {} in all is too short to share out", Seconds(*total_s))
            }
            Bound::TaskSize { task_s } => {
                format!("the size of a task: {} is too short to hand out", Seconds(*task_s))
            }
            Bound::Cpus { cpus, used, .. } => {
                format!("the CPUs: the tasks use {} of {}", Share(*used), counted(*cpus))
            }
            Bound::InterpreterLock { used } => {
                format!("the GIL: one thread computes at a time, {} of the time", Share(*used))
            }
            Bound::Shared { what: Resource::Upstream, beyond, serves } => format!(
                "the upstream serves about {serves} at a time: beyond {beyond} in flight throughput grows < 5%"
            ),
            Bound::Shared { what, beyond, .. } => {
                format!("{}: beyond {beyond} in flight throughput grows < 5%", what.name())
            }
            Bound::MaxInFlight { limit } => {
                format!("max_in_flight = {limit}: throughput still grows up to it")
            }
            Bound::TaskCount { tasks } => format!("the task count: all {tasks} are in flight at once"),
            Bound::Refused { cell, reason } => format!("this machine: {cell} did not run: {reason}"),
            Bound::Machine { what } => format!("this machine: {what}; throughput still grows up to it"),
            Bound::Unreached { widest: 1 } => "not known: nothing wider than 1 was measured".to_owned(),
            Bound::Unreached { widest } => {
                format!("none reached: throughput still grows at {widest}, the widest measured")
            }
        }
    }

    /// What to change to get past the limit.
    pub fn response(&self) -> String {
        match self {
            Bound::Serial(serial) => serial.remedy.to_owned(),
            Bound::Rate { .. } => "raise rate_per_s, if the owner of the server allows it".to_owned(),
            Bound::Size { .. } => "run it as it is, or give each run more tasks".to_owned(),
            Bound::TaskSize { .. } => "make tasks larger: several items each".to_owned(),
            Bound::Cpus { gain_of_twice, .. } => format!(
                "compute less per task, or use more CPUs: twice as many at twice the width would give about {gain_of_twice:.1}x"
            ),
            Bound::InterpreterLock { .. } => {
                "compute in processes, in code that releases the GIL, or on a free-threaded build".to_owned()
            }
            Bound::Shared { what, beyond, .. } => what.remedy(*beyond),
            Bound::MaxInFlight { .. } => "raise max_in_flight, if whoever set it allows".to_owned(),
            Bound::TaskCount { .. } => "nothing to change: more width has nothing to run".to_owned(),
            Bound::Refused { .. } => {
                "raise that limit if more throughput is needed; throughput still grew up to here".to_owned()
            }
            Bound::Machine { .. } => "raise that limit, or use a strategy that needs less of it".to_owned(),
            Bound::Unreached { widest } => {
                format!("measure wider, for example with --width {}", widest.saturating_mul(2))
            }
        }
    }
}

impl Resource {
    fn name(self) -> &'static str {
        match self {
            Resource::Upstream => "the upstream",
            Resource::BusyFixture => "the embedded server, which shares the CPUs with the tasks",
            Resource::Disk => "the disk",
            Resource::Lock => "a lock that the tasks share",
            Resource::Memory => "something computing shares, such as memory bandwidth",
            Resource::Children => "something the commands share",
            Resource::Unknown => "something the tasks share",
        }
    }

    fn remedy(self, beyond: usize) -> String {
        match self {
            Resource::Upstream => format!(
                "keep to {beyond} in flight: more only wait in its queue, unless it is given more capacity"
            ),
            Resource::BusyFixture => "measure against a server on another machine".to_owned(),
            Resource::Disk => "read and write less, or in larger pieces, or use a faster disk".to_owned(),
            Resource::Lock => "hold it for less time, or split it so that tasks rarely meet".to_owned(),
            Resource::Memory => "work on smaller pieces that stay in the caches".to_owned(),
            Resource::Children | Resource::Unknown => {
                format!("look for what tasks wait for beyond {beyond} in flight: a server, a lock, a device")
            }
        }
    }
}

/// "2 CPUs", "1 CPU", "1.5 CPUs".
fn counted(cpus: f64) -> String {
    if cpus == 1.0 { "1 CPU".to_owned() } else { format!("{} CPUs", (cpus * 10.0).round() / 10.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_one_fragment_with_a_response() {
        let serial = Serial { by: "a shared lock", share: 0.95, remedy: "split the lock" };
        let shared = |what| Bound::Shared { what, beyond: 8, serves: 8 };
        for bound in [
            Bound::Serial(serial),
            Bound::Rate { per_s: 500.0 },
            Bound::Size { total_s: 2e-4 },
            Bound::TaskSize { task_s: 1e-6 },
            Bound::Cpus { cpus: 2.0, used: 0.97, gain_of_twice: 2.0 },
            Bound::InterpreterLock { used: 0.97 },
            shared(Resource::Upstream),
            shared(Resource::BusyFixture),
            shared(Resource::Disk),
            shared(Resource::Lock),
            shared(Resource::Memory),
            shared(Resource::Children),
            shared(Resource::Unknown),
            Bound::MaxInFlight { limit: 32 },
            Bound::TaskCount { tasks: 20 },
            Bound::Refused { cell: "async 512".to_owned(), reason: "no descriptors".to_owned() },
            Bound::Machine { what: "open files: 1024 (1 per task)".to_owned() },
            Bound::Unreached { widest: 64 },
            Bound::Unreached { widest: 1 },
        ] {
            for text in [bound.sentence(), bound.response()] {
                assert!(!text.ends_with('.') && !text.contains('\n') && text.len() > 10, "{text}");
            }
        }
    }

    #[test]
    fn sentences_name_their_figures() {
        let upstream = Bound::Shared { what: Resource::Upstream, beyond: 8, serves: 8 };
        assert_eq!(
            upstream.sentence(),
            "the upstream serves about 8 at a time: beyond 8 in flight throughput grows < 5%"
        );
        let cpus = Bound::Cpus { cpus: 1.5, used: 0.97, gain_of_twice: 1.94 };
        assert_eq!(cpus.sentence(), "the CPUs: the tasks use 97% of 1.5 CPUs");
        assert!(cpus.response().ends_with("1.9x"));
        let rate = Bound::Rate { per_s: 1500.0 };
        assert_eq!(rate.sentence(), "rate_per_s: it allows 1 500 tasks/s");
    }
}
