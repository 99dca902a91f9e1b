//! `conc run` beside a bare loop of spawn and wait, `xargs` and GNU parallel, in one sitting.
//!
//! `cargo bench --bench run [-- COMMANDS ROUNDS]`: every round runs each program once, in turn, so that all of
//! them meet the same machine. Printed is the median of the times over that of the loop in the same round.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Commands of a run, unless the first argument says otherwise.
const COMMANDS: u64 = 2000;

/// Rounds, unless the second argument says otherwise.
const ROUNDS: usize = 11;

/// Commands of a run that is only there to show that it works, as `cargo test` does.
const FEW: u64 = 6;

/// Commands at a time.
const WIDTH: usize = 2;

/// A program, and the way to run it over so many commands.
type Subject = (&'static str, fn(u64, &Path) -> Option<f64>);

/// Everything that is compared; the first is the reference.
const SUBJECTS: [Subject; 6] = [
    ("loop of spawn and wait, with pipes", spawn_loop),
    ("conc run -j2", |commands, _| timed(conc(&["-j2"], commands), commands)),
    ("conc run -j2, journal", |commands, place| {
        let journal = place.join("journal");
        let _ = std::fs::remove_file(&journal);
        timed(conc(&["-j2", "--journal", journal.to_str()?], commands), commands)
    }),
    ("conc run, width found", |commands, _| timed(conc(&[], commands), commands)),
    ("xargs -P2", |commands, _| timed(program("xargs", &["-P2", "-n1", "true"]), commands)),
    ("parallel -j2", |commands, _| timed(program("parallel", &["-j2", "true"]), commands)),
];

fn main() {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let is_measuring = std::env::args().any(|argument| argument == "--bench");
    let (commands, rounds) = if is_measuring { (COMMANDS, ROUNDS) } else { (FEW, 1) };
    let commands = numbers.first().copied().unwrap_or(commands);
    let rounds = numbers.get(1).map_or(rounds, |rounds| *rounds as usize);
    let place = tempfile::tempdir().expect("a directory");
    let mut ratios = vec![Vec::new(); SUBJECTS.len()];
    let mut seconds = vec![Vec::new(); SUBJECTS.len()];
    for round in 0..rounds {
        let run = |subject: &Subject| subject.1(commands, place.path());
        // Every other round goes the other way, so that no program always follows the same one.
        let mut times: Vec<(usize, Option<f64>)> = if round % 2 == 0 {
            SUBJECTS.iter().map(run).enumerate().collect()
        } else {
            let back: Vec<_> = SUBJECTS.iter().rev().map(run).collect();
            back.into_iter().rev().enumerate().collect()
        };
        let Some(reference) = times.first().and_then(|(_, time)| *time) else { continue };
        for (at, time) in times.drain(..) {
            if let Some(time) = time {
                ratios[at].push(time / reference);
                seconds[at].push(time);
            }
        }
    }
    let mut out = std::io::stdout().lock();
    for (at, (name, _)) in SUBJECTS.iter().enumerate() {
        let (ratio, time) = (median(&mut ratios[at]), median(&mut seconds[at]));
        let _ = match (ratio, time) {
            (Some(ratio), Some(time)) => writeln!(out, "{name:36} {time:8.3} s   {ratio:6.3}x"),
            _ => writeln!(out, "{name:36} not installed"),
        };
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

fn spawn_loop(commands: u64, _: &Path) -> Option<f64> {
    let next = AtomicU64::new(0);
    let begun = Instant::now();
    std::thread::scope(|scope| {
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

/// Runs a command with the numbers on its standard input; `None` if it is not installed.
fn timed(mut command: Command, commands: u64) -> Option<f64> {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    if let Some(mut stdin) = child.stdin.take() {
        let numbers: String = (0..commands).map(|i| format!("{i}\n")).collect();
        // A program that does not read its input closes it.
        let _ = stdin.write_all(numbers.as_bytes());
    }
    let status = child.wait().expect("waited");
    assert!(status.success(), "{command:?}: {status}");
    Some(begun.elapsed().as_secs_f64())
}
