//! The quality of the advice on workloads drawn from a seed: the recommendation of `conc advise` compared with a
//! grid of cells that is measured right after it.
//!
//! `cargo bench --bench regret -- --draws 40 --seed 1`; a draw takes about 80 s on 2 CPUs, and nothing else should run
//! meanwhile. `--from N` goes on with draw N, `--keep DIR` keeps the workloads and the reports there, `--rounds N`
//! measures each cell N times. Every third draw asks a server that `conc` knows nothing of, with a hidden capacity.
//!
//! The grid has every second width of the ladder and the advised one; widths and strategies are left out that
//! are predicted, within the hidden capacity, to be slower than the best by more than `HOPELESS`. Its batches
//! are interleaved. The best of many noisy cells is noisy upwards. So regret is taken against the cell that is
//! best in every other round, as measured in the rounds between, which is free of that bias. The error beside
//! it is that of the difference of two cells of the grid. A draw whose cell did not run has no regret (NaN).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Parser;
use conc::internal::{
    Configuration, ConfigurationResult, Fixture, FixtureConfig, FixtureSpec, HiddenRole, Kernel, LatencySpec,
    Reexec, Report, Status,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Tasks of every workload.
const TASKS: u64 = 400;

/// Batches of each cell of the grid by default.
const ROUNDS: u64 = 6;

/// Advice this far below the best is as good as the best.
const GOOD: f64 = 0.05;

/// Cells predicted to be slower than the best by this factor cannot be the best.
const HOPELESS: f64 = 2.0;

/// Regret of the advice on drawn workloads.
#[derive(Debug, Parser)]
struct Options {
    /// Draws from the seed
    #[arg(long, default_value_t = 40)]
    draws: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The first draw that runs
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Batches of each cell of the grid
    #[arg(long, default_value_t = ROUNDS)]
    rounds: u64,
    /// Where workloads and reports stay
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Passed by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let options = Options::parse();
    let mut random = StdRng::seed_from_u64(options.seed);
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let place = options.keep.unwrap_or_else(|| scratch.path().to_owned());
    std::fs::create_dir_all(&place).expect("the directory of the reports");
    let mut trials = Vec::new();
    for number in 0..options.draws {
        let draw = Draw::new(number, &mut random);
        if number < options.from {
            continue;
        }
        let trial = draw.run(&place, options.rounds);
        say(&format!("{number:3} {:44} {}", draw.name(), trial.sentence()));
        trials.push(trial);
    }
    say(&summary(&trials));
}

#[expect(clippy::print_stdout, reason = "a benchmark shows what it measured")]
fn say(text: &str) {
    println!("{text}");
}

/// The way in which a task waits.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Wait {
    /// The task sleeps.
    Sleep,
    /// The task asks the embedded server.
    Embedded,
    /// The task asks a server that `conc` knows nothing of and that serves this number of requests at a time.
    Hidden(usize),
}

/// A workload drawn at random.
#[derive(Debug)]
struct Draw {
    number: u64,
    kernel: Kernel,
    cpu: Duration,
    wait: Duration,
    how: Wait,
}

impl Draw {
    /// CPU demand from 0.05 to 10 ms, evenly by ratio, any kernel, and waits up to 80 ms.
    fn new(number: u64, random: &mut StdRng) -> Self {
        let kernel = Kernel::ALL[random.random_range(0..Kernel::ALL.len())];
        let cpu = Duration::from_secs_f64(50e-6 * 200_f64.powf(random.random::<f64>()));
        let wait = Duration::from_secs_f64(0.08 * random.random::<f64>());
        let capacity = random.random_range(2..=24);
        let how = [Wait::Sleep, Wait::Embedded, Wait::Hidden(capacity)][(number % 3) as usize];
        Draw { number, kernel, cpu, wait, how }
    }

    fn name(&self) -> String {
        let how = match self.how {
            Wait::Sleep => "sleep".to_owned(),
            Wait::Embedded => "http".to_owned(),
            Wait::Hidden(capacity) => format!("http, {capacity} at a time"),
        };
        let (cpu, wait) = (self.cpu.as_secs_f64() * 1e3, self.wait.as_secs_f64() * 1e3);
        format!("{} {cpu:.2} ms + {how} {wait:.1} ms", self.kernel.as_str())
    }

    /// Returns the workload as a file; `server` is the hidden server, if there is one.
    fn toml(&self, server: Option<&Fixture>) -> String {
        let micros = |duration: Duration| format!("{}us", duration.as_micros().max(1));
        let mut text = format!("name = \"draw-{}\"\ntasks = {TASKS}\n", self.number);
        let waiting = match (self.how, server) {
            (Wait::Sleep, _) => format!("kind = \"sleep\"\nfor = \"{}\"\n", micros(self.wait)),
            (_, Some(server)) => {
                format!("kind = \"http\"\nurl = \"http://{}/page/{{item}}\"\n", server.addr())
            }
            (_, None) => {
                let _ = write!(text, "[fixture]\nlatency = \"{}\"\n", micros(self.wait));
                "kind = \"http\"\nurl = \"fixture:/page/{item}\"\n".to_owned()
            }
        };
        let (kernel, work) = (self.kernel.as_str(), micros(self.cpu));
        text + &format!(
            "[[step]]\n{waiting}[[step]]\nkind = \"cpu\"\nkernel = \"{kernel}\"\nwork = \"{work}\"\n"
        )
    }

    fn run(&self, place: &Path, rounds: u64) -> Trial {
        let server = match self.how {
            Wait::Hidden(capacity) => Some(start(self.wait, capacity)),
            Wait::Sleep | Wait::Embedded => None,
        };
        let file = place.join(format!("{}.toml", self.number));
        std::fs::write(&file, self.toml(server.as_ref())).expect("the workload is written");
        let begun = Instant::now();
        let advice = conc(&file, "advice", &[]);
        let took_s = begun.elapsed().as_secs_f64();
        let predicted = conc(&file, "predicted", &["--predict-only"]);
        let (strategies, widths) = self.grid(&predicted, chosen(&advice));
        let runs = rounds.to_string();
        let options = ["--exhaustive", "--runs", &runs, "--strategy", &strategies, "--width", &widths];
        let grid = conc(&file, "grid", &options);
        Trial::new(&advice, &grid, rounds as usize, took_s, matches!(self.how, Wait::Hidden(_)))
    }

    /// Returns the strategies and the widths to measure, as options of `conc`.
    fn grid(&self, predicted: &Report, advised: Configuration) -> (String, String) {
        let ceiling = match self.how {
            Wait::Hidden(capacity) => capacity as f64 / self.wait.as_secs_f64(),
            Wait::Sleep | Wait::Embedded => f64::INFINITY,
        };
        let cells = predicted.cells.iter().filter_map(|c| Some((c.cell, c.predicted_per_s?.min(ceiling))));
        let cells: Vec<(Configuration, f64)> = cells.collect();
        let best = cells.iter().map(|(_, rate)| *rate).fold(0.0, f64::max);
        let hopeful = || cells.iter().filter(|(_, rate)| *rate * HOPELESS >= best).map(|(cell, _)| *cell);
        let ladder: BTreeSet<usize> = hopeful().map(|cell| cell.width).collect();
        let widths: BTreeSet<usize> = ladder.into_iter().rev().step_by(2).chain([advised.width]).collect();
        let strategies: BTreeSet<&str> =
            hopeful().chain([advised]).map(|cell| cell.strategy.as_str()).collect();
        let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
        (Vec::from_iter(strategies).join(","), widths.join(","))
    }
}

fn start(wait: Duration, capacity: usize) -> Fixture {
    let latency = LatencySpec { median: wait, p99: wait };
    let spec = FixtureSpec { latency, capacity: Some(capacity), ..FixtureSpec::default() };
    let command = Reexec::new(env!("CARGO_BIN_EXE_conc").into()).command(HiddenRole::Fixture);
    Fixture::start(command, &FixtureConfig { spec, seed: 1 }).expect("a server")
}

/// Runs `conc advise`, and reads the report that it leaves next to the workload's file.
fn conc(file: &Path, when: &str, options: &[&str]) -> Report {
    let report = file.with_extension(format!("{when}.json"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    command.arg("advise").arg(file).args(options).arg("--export-json").arg(&report);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("conc runs");
    assert!(status.success(), "conc advises on {}", file.display());
    serde_json::from_slice(&std::fs::read(&report).expect("a report")).expect("conc writes a report")
}

/// Returns what is recommended.
fn chosen(advice: &Report) -> Configuration {
    let advised = advice.recommendation.as_ref().expect("a recommendation");
    advised.cell()
}

/// The throughputs of a cell, one of each round.
type Rates = BTreeMap<Configuration, Vec<f64>>;

/// The result of one draw.
#[derive(Debug)]
struct Trial {
    chosen: Configuration,
    best: Configuration,
    /// NaN if what was advised did not run in the grid.
    regret: f64,
    /// The standard error of the difference of two cells of the grid, as a share.
    noise: f64,
    /// Errors of the predictions, as shares of the measured values.
    errors: Vec<f64>,
    took_s: f64,
    others: f64,
    is_hidden: bool,
}

impl Trial {
    fn new(advice: &Report, grid: &Report, rounds: usize, took_s: f64, is_hidden: bool) -> Self {
        let (rates, chosen) = (rates(grid, rounds), chosen(advice));
        let [even, odd] = [0, 1].map(|first| middles(&rates, first, 2));
        let all = middles(&rates, 0, 1);
        let lost = |picked: &BTreeMap<Configuration, f64>, valued: &BTreeMap<Configuration, f64>| {
            valued.get(&chosen).map_or(f64::NAN, |rate| 1.0 - rate / valued[&best(picked)])
        };
        let pairs = grid.cells.iter().filter_map(|c| Some((c.predicted_per_s?, all.get(&c.cell)?)));
        Trial {
            chosen,
            best: best(&all),
            regret: f64::midpoint(lost(&even, &odd), lost(&odd, &even)),
            noise: noise(&rates),
            errors: pairs.map(|(predicted, measured)| (predicted / measured - 1.0).abs()).collect(),
            took_s,
            others: advice.cells.first().and_then(|c| c.cpu_others).unwrap_or(0.0),
            is_hidden,
        }
    }

    fn sentence(&self) -> String {
        format!(
            "advice {:16} best {:16} regret {:5.1}% ± {:3.1}% prediction off {:4.1}%, 90th percentile {:5.1}% {:4.1} s, others {:.0}%",
            self.chosen.to_string(),
            self.best.to_string(),
            self.regret * 100.0,
            self.noise * 100.0,
            quantile(&self.errors, 0.5) * 100.0,
            quantile(&self.errors, 0.9) * 100.0,
            self.took_s,
            self.others * 100.0
        )
    }
}

/// Returns the throughputs of the cells that ran in every round. The profile of sequential is one more batch,
/// which comes first.
fn rates(grid: &Report, rounds: usize) -> Rates {
    let ran = grid.cells.iter().filter(|cell| cell.status == Status::Ok && cell.rounds.len() >= rounds);
    let of_rounds = |cell: &ConfigurationResult| {
        let extra = cell.rounds.len() - rounds;
        cell.rounds[extra..].iter().map(|round| round.throughput_per_s).collect()
    };
    ran.map(|cell| (cell.cell, of_rounds(cell))).collect()
}

/// Returns the median throughput of each cell over the rounds from `first` on, in steps of `step`.
fn middles(rates: &Rates, first: usize, step: usize) -> BTreeMap<Configuration, f64> {
    let of = |rates: &Vec<f64>| Vec::from_iter(rates.iter().skip(first).step_by(step).copied());
    rates.iter().map(|(cell, rates)| (*cell, middle(&of(rates)))).collect()
}

/// Returns the median; of an even number, the mean of the two in the middle.
fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    f64::midpoint(sorted[half], sorted[sorted.len().div_ceil(2) - 1])
}

fn best(rates: &BTreeMap<Configuration, f64>) -> Configuration {
    *rates.iter().max_by(|a, b| a.1.total_cmp(b.1)).expect("something ran").0
}

/// Returns the standard error of the difference of two cells: the median scatter of a cell over its rounds.
fn noise(rates: &Rates) -> f64 {
    let error = |rates: &Vec<f64>| {
        let count = rates.len() as f64;
        let mean = rates.iter().sum::<f64>() / count;
        let squares: f64 = rates.iter().map(|rate| (rate / mean - 1.0).powi(2)).sum();
        (squares / (count - 1.0).max(1.0) / count).sqrt()
    };
    quantile(&rates.values().map(error).collect::<Vec<_>>(), 0.5) * std::f64::consts::SQRT_2
}

fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    sorted.get((q * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
}

fn summary(trials: &[Trial]) -> String {
    let of = |value: fn(&Trial) -> f64| -> Vec<f64> {
        trials.iter().map(value).filter(|value| !value.is_nan()).collect()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let share = |values: &[f64]| {
        values.iter().filter(|regret| **regret <= GOOD).count() as f64 / values.len().max(1) as f64
    };
    let errors = |hidden: bool| -> Vec<f64> {
        trials.iter().filter(|t| t.is_hidden == hidden).flat_map(|t| t.errors.iter().copied()).collect()
    };
    let regrets = |hidden: Option<bool>| -> Vec<f64> {
        let of = trials.iter().filter(|t| hidden.is_none_or(|hidden| hidden == t.is_hidden));
        of.map(|t| t.regret).filter(|regret| !regret.is_nan()).collect()
    };
    let of_regret = |hidden| {
        let regrets = regrets(hidden);
        format!(
            "mean {:.1}%, {:.0}% of {} within 5%",
            mean(&regrets) * 100.0,
            share(&regrets) * 100.0,
            regrets.len()
        )
    };
    let of_errors = |hidden| {
        let errors = errors(hidden);
        format!(
            "median {:.1}%, 90th percentile {:.1}%",
            quantile(&errors, 0.5) * 100.0,
            quantile(&errors, 0.9) * 100.0
        )
    };
    let took = of(|t| t.took_s);
    format!(
        "{} draws\n\
         regret: {}\n\
         regret behind a hidden capacity: {}\n\
         noise of the grid, standard error of a difference: median {:.1}%\n\
         prediction error: {}\n\
         prediction error with a hidden capacity: {}\n\
         advice took {:.1} s in the median, {:.1} s at the most",
        trials.len(),
        of_regret(None),
        of_regret(Some(true)),
        quantile(&of(|t| t.noise), 0.5) * 100.0,
        of_errors(false),
        of_errors(true),
        quantile(&took, 0.5),
        quantile(&took, 1.0),
    )
}
