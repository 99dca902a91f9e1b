//! `conc run` beside a bare loop of spawn and wait, `xargs`, GNU parallel and an executor written by hand, in one
//! sitting; the cost of its decisions; its memory over a million items.
//!
//! `cargo bench --bench run [-- NAME... COMMANDS ROUNDS]`, where NAME is `commands`, `callable`, `decisions` or
//! `memory`; without one, all are run. In `commands` and `callable` every round runs each program once, in turn, so
//! that all of them meet the same machine. Printed is the median of the times over that of the first in the same
//! round. The `async` strategy of commands is measured by `cargo bench --bench spawn`.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Commands of a run, unless the first number says otherwise.
const COMMANDS: u64 = 2000;

/// Items of a callable.
const ITEMS: u64 = 5000;

/// Rounds, unless the second number says otherwise.
const ROUNDS: usize = 11;

/// Commands of a run that is only there to show that it works, as `cargo test` does.
const FEW: u64 = 6;

/// Commands at a time.
const WIDTH: usize = 2;

/// Widths of the executor written by hand, of which the fastest is the reference.
const BY_HAND: [&str; 4] = ["16", "64", "128", "256"];

/// Items of the run whose memory is measured.
const MANY: u64 = 1_000_000;

/// Items of the run whose decisions are measured: of 6 ms at a width of 64, about 10,000 per second.
const DECIDED: u64 = 60_000;

/// Time between two readings of a running process.
const PERIOD: Duration = Duration::from_millis(20);

/// A callable that waits for 1 ms, and the executor of it that one would write by hand.
const CALLABLE: &str = r#"
import asyncio, sys
async def wait(item):
    await asyncio.sleep(0.001)
    return item

async def by_hand(count, width):
    items = iter(range(count))
    async def work():
        for item in items:
            print(await wait(item))
    await asyncio.gather(*(work() for _ in range(width)))

if __name__ == "__main__":
    asyncio.run(by_hand(int(sys.argv[1]), int(sys.argv[2])))
"#;

/// A program, and the way to run it over so many items in a directory; returns seconds.
type Subject = (&'static str, fn(u64, &Path) -> Option<f64>);

/// Programs that run commands; the first is the reference.
const OF_COMMANDS: [Subject; 6] = [
    ("loop of spawn and wait, with pipes", spawn_loop),
    ("conc run -j2", |commands, _| timed(conc(&["-j2"], commands), commands)),
    ("conc run -j2, journal", |commands, place| {
        let journal = place.join("journal");
        let _ = fs::remove_file(&journal);
        timed(conc(&["-j2", "--journal", journal.to_str()?], commands), commands)
    }),
    ("conc run, width found", |commands, _| timed(conc(&[], commands), commands)),
    ("xargs -P2", |commands, _| timed(program("xargs", &["-P2", "-n1", "true"]), commands)),
    ("parallel -j2", |commands, _| timed(program("parallel", &["-j2", "true"]), commands)),
];

/// Programs that run a callable; the first is the reference.
const OF_CALLABLES: [Subject; 2] =
    [("executor by hand, best width", by_hand), ("conc run waits.py:wait", callable)];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<u64> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let is_measuring = arguments.iter().any(|argument| argument == "--bench");
    let rounds = if is_measuring { numbers.get(1).map_or(ROUNDS, |rounds| *rounds as usize) } else { 1 };
    let of = |count: u64| if is_measuring { numbers.first().copied().unwrap_or(count) } else { FEW };
    let names = ["commands", "callable", "decisions", "memory"];
    let is_named = arguments.iter().any(|argument| names.contains(&argument.as_str()));
    let wants = |name: &str| !is_named || arguments.iter().any(|argument| argument == name);
    let place = tempfile::tempdir().expect("a directory");
    fs::write(place.path().join("waits.py"), CALLABLE).expect("written");
    if wants("commands") {
        compare(&OF_COMMANDS, of(COMMANDS), rounds, place.path());
    }
    if wants("callable") {
        compare(&OF_CALLABLES, of(ITEMS), rounds, place.path());
    }
    if wants("decisions") {
        decisions(of(DECIDED), place.path());
    }
    if wants("memory") {
        memory(of(MANY), place.path());
    }
}

/// Runs every subject in every round, and prints a table.
fn compare(subjects: &[Subject], items: u64, rounds: usize, place: &Path) {
    let mut ratios = vec![Vec::new(); subjects.len()];
    let mut seconds = vec![Vec::new(); subjects.len()];
    for round in 0..rounds {
        let run = |subject: &Subject| subject.1(items, place);
        // Every other round goes the other way, so that no program always follows the same one.
        let times: Vec<Option<f64>> = if round % 2 == 0 {
            subjects.iter().map(run).collect()
        } else {
            let mut back: Vec<_> = subjects.iter().rev().map(run).collect();
            back.reverse();
            back
        };
        let Some(reference) = times.first().copied().flatten() else { continue };
        for (at, time) in times.into_iter().enumerate() {
            if let Some(time) = time {
                ratios[at].push(time / reference);
                seconds[at].push(time);
            }
        }
    }
    for (at, (name, _)) in subjects.iter().enumerate() {
        match (median(&mut ratios[at]), median(&mut seconds[at])) {
            (Some(ratio), Some(time)) => print(&format!("{name:36} {time:8.3} s   {ratio:6.3}x")),
            _ => print(&format!("{name:36} not installed")),
        }
    }
}

fn print(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn spawn_loop(commands: u64, _: &Path) -> Option<f64> {
    let next = AtomicU64::new(0);
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..WIDTH {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= commands {
                        return;
                    }
                    // With an argument, as the others: GNU's `true` then looks for its translations too.
                    let mut command = Command::new("true");
                    let output = command.arg(number.to_string()).stdin(Stdio::null()).output();
                    assert!(output.expect("true runs").status.success());
                }
            });
        }
    });
    Some(begun.elapsed().as_secs_f64())
}

/// The fastest of the widths, each in an interpreter of its own.
fn by_hand(items: u64, place: &Path) -> Option<f64> {
    let at = |width: &&str| {
        let mut command = program("python3", &["waits.py", &items.to_string(), width]);
        command.current_dir(place);
        timed(command, 0)
    };
    BY_HAND.iter().map(at).collect::<Option<Vec<f64>>>()?.into_iter().min_by(f64::total_cmp)
}

fn callable(items: u64, place: &Path) -> Option<f64> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    command.args(["run", "--quiet", "--max-width", "256", "--tasks", &items.to_string(), "waits.py:wait"]);
    command.current_dir(place);
    timed(command, 0)
}

fn conc(options: &[&str], commands: u64) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    command
        .args(["run", "--quiet", "--tasks", &commands.to_string()])
        .args(options)
        .args(["--", "true", "{#}"]);
    command
}

fn program(name: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(name);
    command.args(arguments);
    command
}

/// Runs a command with so many numbers on its standard input; `None` if it is not installed.
fn timed(mut command: Command, numbers: u64) -> Option<f64> {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    if let Some(mut stdin) = child.stdin.take() {
        let numbers: String = (0..numbers).map(|i| format!("{i}\n")).collect();
        // A program that does not read its input closes it.
        let _ = stdin.write_all(numbers.as_bytes());
    }
    let status = child.wait().expect("waited");
    assert!(status.success(), "{command:?}: {status}");
    Some(begun.elapsed().as_secs_f64())
}

/// Starts `conc run` over so many items that wait for `wait` each.
fn waiting(items: u64, wait: &str, options: &[&str], place: &Path) -> Child {
    let text = format!("tasks = {items}\n[[step]]\nkind = \"sleep\"\nfor = \"{wait}\"\n");
    fs::write(place.join("waits.toml"), text).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_conc"));
    command.args(["run", "--quiet"]).args(options).arg("waits.toml").current_dir(place);
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("conc runs")
}

/// Prints the CPU time of the thread that decides, while items are finished as fast as they can be.
fn decisions(items: u64, place: &Path) {
    let begun = Instant::now();
    let mut child = waiting(items, "6ms", &[], place);
    let stat = format!("/proc/{0}/task/{0}/schedstat", child.id());
    let mut cpu_s = 0.0;
    while child.try_wait().expect("waited").is_none() {
        let text = fs::read_to_string(&stat).unwrap_or_default();
        let run_ns: Option<f64> = text.split(' ').next().and_then(|field| field.parse().ok());
        cpu_s = run_ns.filter(|ns| *ns > 0.0).map_or(cpu_s, |ns| ns * 1e-9);
        thread::sleep(PERIOD);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let (rate, share) = (items as f64 / seconds, 100.0 * cpu_s / seconds);
    print(&format!("decisions at {rate:.0} items/s: {share:.2}% of a CPU (the start of the program counts)"));
}

/// Prints the largest resident size of a run of very many items.
fn memory(items: u64, place: &Path) {
    let mut child = waiting(items, "10us", &["-j64"], place);
    let status = format!("/proc/{}/status", child.id());
    let mut peak_kib: u64 = 0;
    while child.try_wait().expect("waited").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
        peak_kib = peak_kib.max(kib.unwrap_or(0));
        thread::sleep(PERIOD);
    }
    print(&format!("{items} items: at most {:.1} MiB resident", peak_kib as f64 / 1024.0));
}
