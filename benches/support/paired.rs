//! A subject and the plainest program that does the same, run side by side.
//!
//! Criterion measures one function after another, and the speed of a machine drifts by tens of
//! percent in between. So this module gives it not a time to measure but a ratio: the ratio of two
//! times taken in one iteration, with the order alternating.
//!
//! The table at the end has the ratio of CPU times next to the ratio of wall times. Where other programs
//! compete for the CPUs, the ratio of CPU times is steadier, though it does not see workers that wait.

use std::time::{Duration, Instant};

use conc::internal::{CpuTime, Seconds};

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput};

/// Minimum number of rounds of a meaningful table; a run with `--test` makes one round.
const FEWEST_ROUNDS: usize = 10;

/// Returns true if this run measures, rather than only trying everything out as `cargo test` does.
pub(crate) fn is_measuring() -> bool {
    let asked = |flag: &str| std::env::args().any(|argument| argument == flag);
    asked("--bench") && !asked("--test")
}

/// Criterion, set to measure ratios.
pub(crate) fn criterion() -> Criterion<Ratio> {
    Criterion::default()
        .with_measurement(Ratio)
        .without_plots()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(3))
        .sample_size(30)
        .configure_from_args()
}

/// The time of the subject as a multiple of the time of the reference.
pub(crate) struct Ratio;

impl Measurement for Ratio {
    type Intermediate = ();
    type Value = f64;

    fn start(&self) {}

    fn end(&self, (): ()) -> f64 {
        unreachable!("a ratio is measured by `Table::compare` alone")
    }

    fn add(&self, a: &f64, b: &f64) -> f64 {
        a + b
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        &Ratio
    }
}

impl ValueFormatter for Ratio {
    fn scale_values(&self, _typical: f64, _values: &mut [f64]) -> &'static str {
        "x"
    }

    fn scale_throughputs(&self, _typical: f64, _: &Throughput, _values: &mut [f64]) -> &'static str {
        "x"
    }

    fn scale_for_machines(&self, _values: &mut [f64]) -> &'static str {
        "x"
    }
}

/// The two sides of a comparison.
pub(crate) struct Entry {
    /// The work that both sides do.
    pub(crate) work: String,
    /// The side in question.
    pub(crate) subject: String,
    /// Tasks per round.
    pub(crate) tasks: u64,
    /// The largest ratio that is good enough, where one was set.
    pub(crate) goal: Option<f64>,
}

/// All comparisons, to be printed at the end next to their goals.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<(Entry, Vec<Round>)>,
}

/// Resources that one program used in one round, in seconds.
#[derive(Clone, Copy)]
pub(crate) struct Used {
    wall: f64,
    cpu: f64,
}

impl Used {
    /// Runs a closure and returns the resources it used, children that were waited for included.
    pub(crate) fn by<T>(run: impl FnOnce() -> T) -> (Used, T) {
        let used = || CpuTime::of_self().total_s() + CpuTime::of_children().total_s();
        let (before, begun) = (used(), Instant::now());
        let result = run();
        (Used { wall: begun.elapsed().as_secs_f64(), cpu: used() - before }, result)
    }

    /// Adds the CPU seconds of processes that are not waited for yet.
    pub(crate) fn and_cpu(self, seconds: f64) -> Used {
        Used { cpu: self.cpu + seconds, ..self }
    }
}

/// One run of each side.
struct Round {
    subject: Used,
    reference: Used,
}

impl Round {
    fn ratio(&self) -> f64 {
        self.subject.wall / self.reference.wall
    }

    fn cpu_ratio(&self) -> f64 {
        self.subject.cpu / self.reference.cpu
    }
}

impl Table {
    /// Measures one ratio; both programs run once per iteration and return the resources they used.
    ///
    /// Returns true if both ran often enough for a verdict: neither left out by a filter nor only tried out.
    pub(crate) fn compare(
        &mut self,
        group: &mut BenchmarkGroup<'_, Ratio>,
        entry: Entry,
        mut subject: impl FnMut() -> Used,
        mut reference: impl FnMut() -> Used,
    ) -> bool {
        let mut rounds: Vec<Round> = Vec::new();
        let mut one = |number: usize| {
            if number.is_multiple_of(2) {
                let subject = subject();
                Round { subject, reference: reference() }
            } else {
                let reference = reference();
                Round { subject: subject(), reference }
            }
        };
        group.sampling_mode(SamplingMode::Flat).bench_function(&entry.subject, |bencher| {
            bencher.iter_custom(|iterations| {
                let first = rounds.len();
                rounds.extend((first..first + iterations as usize).map(&mut one));
                rounds[first..].iter().map(Round::ratio).sum()
            });
        });
        let tells = rounds.len() >= FEWEST_ROUNDS;
        if tells {
            self.rows.push((entry, rounds));
        }
        tells
    }

    /// The medians and quartiles.
    #[expect(clippy::print_stdout, reason = "a benchmark reports to the terminal")]
    pub(crate) fn print(&self) {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(["work", "subject", "reference", "subject", "ratio", "quartiles", "CPU", "goal"]);
        for (entry, rounds) in &self.rows {
            table.add_row(row(entry, rounds));
        }
        if !self.rows.is_empty() {
            println!("\nWall time per task and its ratio to the reference, medians of all rounds\n{table}");
        }
    }
}

fn row(entry: &Entry, rounds: &[Round]) -> [String; 8] {
    let per_task = |wall: fn(&Round) -> f64| {
        let [_, median, _] = quartiles(rounds.iter().map(wall));
        Seconds(median / entry.tasks as f64).to_string()
    };
    let [lower, ratio, upper] = quartiles(rounds.iter().map(Round::ratio));
    let [_, cpu_ratio, _] = quartiles(rounds.iter().map(Round::cpu_ratio));
    [
        entry.work.clone(),
        entry.subject.clone(),
        per_task(|round| round.reference.wall),
        per_task(|round| round.subject.wall),
        format!("{ratio:.3}x"),
        format!("{lower:.3}–{upper:.3}"),
        format!("{cpu_ratio:.3}x"),
        entry.goal.map_or_else(String::new, |goal| format!("≤ {goal:.2}x")),
    ]
}

/// The quartiles, of which the middle one is the median.
fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| sorted[(sorted.len() - 1) * quarter / 4])
}
