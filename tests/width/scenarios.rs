//! The kinds of work that a width is found for.

/// What tasks have in common.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Shared {
    /// Nothing: they only wait.
    Nothing,
    /// The CPUs.
    Cpus,
    /// A server that works on so many requests at a time; beyond, each takes longer in proportion.
    Server,
    /// The same, and it loses this share of its speed for every request beyond its capacity.
    Degrading(f64),
    /// A server that refuses what comes faster than its rate.
    Limiter,
    /// A server that refuses whatever is more than its capacity at once.
    Refusing,
    /// Memory: beyond what fits, everything is swapped in and out, the more the wider.
    Memory,
}

/// A kind of work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) shared: Shared,
    /// Coefficient of variation of the work of a task.
    pub(crate) variation: f64,
    /// Items, from and to.
    pub(crate) items: (u64, u64),
    /// Seconds of a task alone, from and to.
    pub(crate) task_s: (f64, f64),
    /// Factor of the capacity from the middle of the run on.
    pub(crate) change: f64,
    /// Time of that change in seconds, if it is not the middle of the run, which then ends [`AFTER_CHANGE_S`] later.
    pub(crate) changes_at_s: Option<f64>,
    /// Share of the shortest possible run for which the change lasts.
    pub(crate) lasts: f64,
    /// Share of the CPUs that other programs take, half of the time.
    pub(crate) others: f64,
    /// Whether the first task takes a tenth of the time.
    pub(crate) is_first_lucky: bool,
}

/// Seconds from a change at a given time to the end of what is simulated.
pub(crate) const AFTER_CHANGE_S: f64 = 20.0;

const PLAIN: Scenario = Scenario {
    name: "",
    shared: Shared::Nothing,
    variation: 0.3,
    items: (500, 5000),
    task_s: (0.02, 2.0),
    change: 1.0,
    changes_at_s: None,
    lasts: f64::INFINITY,
    others: 0.0,
    is_first_lucky: false,
};

/// Every kind of work.
pub(crate) const SCENARIOS: [Scenario; 15] = [
    Scenario { name: "computes", shared: Shared::Cpus, ..PLAIN },
    Scenario { name: "sleeps", variation: 0.05, ..PLAIN },
    Scenario { name: "server", shared: Shared::Server, ..PLAIN },
    Scenario { name: "server, degrading", shared: Shared::Degrading(0.01), ..PLAIN },
    Scenario { name: "capacity halved", shared: Shared::Degrading(0.01), change: 0.5, ..PLAIN },
    Scenario { name: "capacity doubled", shared: Shared::Degrading(0.01), change: 2.0, ..PLAIN },
    Scenario { name: "limiter", shared: Shared::Limiter, ..PLAIN },
    Scenario { name: "heavy tails, server", shared: Shared::Server, variation: 1.5, ..PLAIN },
    Scenario { name: "heavy tails, computes", shared: Shared::Cpus, variation: 1.5, ..PLAIN },
    Scenario { name: "lucky first", shared: Shared::Server, is_first_lucky: true, ..PLAIN },
    Scenario { name: "bursts of others", shared: Shared::Cpus, others: 0.5, ..PLAIN },
    Scenario { name: "memory", shared: Shared::Memory, ..PLAIN },
    Scenario { name: "narrow pipe", shared: Shared::Server, variation: 1.0, task_s: (0.2, 1.0), ..PLAIN },
    Scenario { name: "30 items", shared: Shared::Server, items: (30, 30), task_s: (0.2, 3.0), ..PLAIN },
    Scenario {
        name: "many items",
        shared: Shared::Server,
        items: (8000, 8000),
        task_s: (0.01, 0.1),
        ..PLAIN
    },
];

/// Kinds of work that no constant was chosen on.
pub(crate) const HELD_OUT: [Scenario; 4] = [
    Scenario { name: "refuses beyond capacity", shared: Shared::Refusing, ..PLAIN },
    Scenario {
        name: "halved for a while",
        shared: Shared::Degrading(0.01),
        change: 0.5,
        lasts: 0.3,
        ..PLAIN
    },
    Scenario { name: "degrading fast", shared: Shared::Degrading(0.03), variation: 0.6, ..PLAIN },
    Scenario { name: "uneven, waiting", variation: 1.0, task_s: (0.05, 1.0), ..PLAIN },
];

/// Long runs whose capacity changes after half a minute.
pub(crate) const CHANGES: [Scenario; 2] =
    [Scenario { name: "halved", change: 0.5, ..LONG }, Scenario { name: "doubled", change: 2.0, ..LONG }];

const LONG: Scenario = Scenario {
    name: "",
    shared: Shared::Degrading(0.01),
    items: (50_000, 50_000),
    task_s: (0.1, 0.4),
    changes_at_s: Some(30.0),
    ..PLAIN
};
