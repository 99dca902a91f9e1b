//! The quality of the advice: on workloads drawn from a seed, the recommendation of `conc advise` compared
//! with
//! the whole grid of cells, which is measured just before and just after it.
//!
//! `cargo bench --bench regret -- --draws 40 --seed 1`; a draw takes a minute or two on 2 CPUs, and
//! nothing else should run meanwhile. `--from N` goes on with draw N, `--keep DIR` keeps the workloads and
//! the reports there. Every third draw asks a server that `conc` knows nothing of, with a hidden capacity.
//!
//! The best of many noisy cells is noisy upwards. So regret is reported twice: against the cell with the best
//! mean of both grids, and against the cell that is best in one grid, as measured in the other grid, which is
//! free of that bias. A draw whose cell is in neither grid has no regret (NaN).

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use conc::internal::{
    Configuration, Fixture, FixtureConfig, FixtureSpec, HiddenRole, Kernel, LatencySpec, Reexec, Report,
    Status,
};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Tasks of every workload.
const TASKS: u64 = 400;

/// Advice this far below the best is as good as the best.
const GOOD: f64 = 0.05;

fn main() {
    let (draws, seed) = (number("--draws").unwrap_or(40), number("--seed").unwrap_or(1));
    let from = number("--from").unwrap_or(0);
    let mut random = StdRng::seed_from_u64(seed);
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let place = argument("--keep").map_or_else(|| scratch.path().to_owned(), PathBuf::from);
    let mut trials = Vec::new();
    for number in 0..draws {
        let draw = Draw::new(number, &mut random);
        if number < from {
            continue;
        }
        let trial = draw.run(&place);
        say(&format!("{number:3} {:44} {}", draw.name(), trial.sentence()));
        trials.push(trial);
    }
    say(&summary(&trials));
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

fn number(name: &str) -> Option<u64> {
    argument(name)?.parse().ok()
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

    fn run(&self, place: &Path) -> Trial {
        let server = match self.how {
            Wait::Hidden(capacity) => Some(start(self.wait, capacity)),
            Wait::Sleep | Wait::Embedded => None,
        };
        let file = place.join(format!("{}.toml", self.number));
        std::fs::write(&file, self.toml(server.as_ref())).expect("the workload is written");
        let before = conc(&file, "before", &["--exhaustive", "--runs", "1"]);
        let begun = Instant::now();
        let advice = conc(&file, "advice", &[]);
        let took_s = begun.elapsed().as_secs_f64();
        let after = conc(&file, "after", &["--exhaustive", "--runs", "1"]);
        Trial::new(&before, &advice, &after, took_s, matches!(self.how, Wait::Hidden(_)))
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

/// The result of one draw.
#[derive(Debug)]
struct Trial {
    chosen: Configuration,
    best: Configuration,
    /// NaN where what was advised is in neither grid, which can be less wide than that of the advice.
    regret: f64,
    regret_unbiased: f64,
    /// Errors of the predictions, as shares of the measured values.
    errors: Vec<f64>,
    took_s: f64,
    others: f64,
    is_hidden: bool,
}

impl Trial {
    fn new(before: &Report, advice: &Report, after: &Report, took_s: f64, is_hidden: bool) -> Self {
        let (first, second) = (rates(before), rates(after));
        let advised = advice.recommendation.as_ref().expect("a recommendation");
        let chosen =
            Configuration { strategy: advised.strategy, width: advised.width, processes: advised.processes };
        let both: BTreeMap<Configuration, f64> = first
            .iter()
            .filter_map(|(cell, rate)| Some((*cell, (rate * second.get(cell)?).sqrt())))
            .collect();
        let best = best(&both);
        let lost = |rates: &BTreeMap<Configuration, f64>, best: Configuration| {
            1.0 - rates.get(&chosen).map_or(f64::NAN, |rate| rate / rates.get(&best).unwrap_or(rate))
        };
        let off = |report: &Report| -> Vec<f64> {
            let pairs = report.cells.iter().filter_map(|c| Some((c.predicted_per_s?, both.get(&c.cell)?)));
            pairs.map(|(predicted, measured)| (predicted / measured - 1.0).abs()).collect()
        };
        Trial {
            chosen,
            best,
            regret: lost(&both, best),
            regret_unbiased: f64::midpoint(
                lost(&second, crate::best(&first)),
                lost(&first, crate::best(&second)),
            ),
            errors: off(before).into_iter().chain(off(after)).collect(),
            took_s,
            others: advice.cells.first().and_then(|c| c.cpu_others).unwrap_or(0.0),
            is_hidden,
        }
    }

    fn sentence(&self) -> String {
        format!(
            "advice {:16} best {:16} regret {:5.1}% (unbiased {:5.1}%) prediction off {:4.1}%, 90th percentile {:5.1}% {:4.1} s, others {:.0}%",
            self.chosen.to_string(),
            self.best.to_string(),
            self.regret * 100.0,
            self.regret_unbiased * 100.0,
            quantile(&self.errors, 0.5) * 100.0,
            quantile(&self.errors, 0.9) * 100.0,
            self.took_s,
            self.others * 100.0
        )
    }
}

fn rates(report: &Report) -> BTreeMap<Configuration, f64> {
    let ran = report.cells.iter().filter(|cell| cell.status == Status::Ok);
    ran.filter_map(|cell| Some((cell.cell, cell.throughput_per_s?))).collect()
}

fn best(rates: &BTreeMap<Configuration, f64>) -> Configuration {
    *rates.iter().max_by(|a, b| a.1.total_cmp(b.1)).expect("something ran").0
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
    let (biased, unbiased) = (of(|t| t.regret), of(|t| t.regret_unbiased));
    let (known, hidden) = (errors(false), errors(true));
    let took = of(|t| t.took_s);
    format!(
        "{} draws\n\
         regret beside the best of both grids: mean {:.1}%, {:.0}% within 5%\n\
         regret without the bias of the best:  mean {:.1}%, {:.0}% within 5%\n\
         prediction error: median {:.1}%, 90th percentile {:.1}%\n\
         prediction error with a hidden cap: median {:.1}%, 90th percentile {:.1}%\n\
         advice took {:.1} s in the median, {:.1} s at the most",
        trials.len(),
        mean(&biased) * 100.0,
        share(&biased) * 100.0,
        mean(&unbiased) * 100.0,
        share(&unbiased) * 100.0,
        quantile(&known, 0.5) * 100.0,
        quantile(&known, 0.9) * 100.0,
        quantile(&hidden, 0.5) * 100.0,
        quantile(&hidden, 0.9) * 100.0,
        quantile(&took, 0.5),
        quantile(&took, 1.0),
    )
}
