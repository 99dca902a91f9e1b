//! The class of real programs, on the machine as it is and with a load on every CPU.
//!
//! `.ci/run corpus` prints the whole table, `cargo test --test corpus NAME` the table of some cases. The test
//! needs the programs of a few Debian packages (`.ci/run` installs them); it skips a case whose program is
//! missing, and says so.

#![expect(clippy::print_stdout, reason = "the table is what this test is run for")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod build;
mod case;
mod cases;
#[path = "../common/lane.rs"]
mod lane;
mod load;
mod postgres;
mod sandbox;
mod slow_server;
mod verdict;

use std::process::ExitCode;
use std::thread;

use case::Case;
use load::Load;
use sandbox::Sandbox;
use verdict::{Got, Round};

/// Number of programs that are profiled at the same time, if they hardly compute.
const SIDE_BY_SIDE: usize = 4;

fn main() -> ExitCode {
    // As with any other test binary: `cargo test NAME` runs what has the name, `--list` runs nothing.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (flags, words): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.starts_with('-'));
    let cases = cases::all();
    let is_named = |case: &&Case| words.iter().any(|word| case.name.contains(word.as_str()));
    let is_all = words.is_empty() || words.iter().any(|word| *word == "corpus");
    let is_settled = |case: &Case| !cases::PENDING.contains(&case.name);
    let chosen: Vec<&Case> =
        cases.iter().filter(|case| is_all && is_settled(case) || is_named(case)).collect();
    if chosen.is_empty() || flags.iter().any(|flag| *flag == "--list") {
        return ExitCode::SUCCESS;
    }
    if words.is_empty() && !lane::runs_all("the corpus of real programs") {
        return ExitCode::SUCCESS;
    }
    let sandbox = Sandbox::new();
    let idle = run("idle", &chosen, &sandbox);
    let load = Load::start();
    // Among all other tests, every second one is enough to see what a load does.
    let step = if words.is_empty() { 2 } else { 1 };
    let under_load: Vec<&Case> = chosen.iter().copied().step_by(step).collect();
    let loaded = run("loaded", &under_load, &sandbox);
    drop(load);
    let mut faults = [idle.faults(), loaded.faults()].concat();
    faults.extend(idle.untold_polling());
    if is_all {
        faults.extend(idle.too_few());
    }
    for fault in &faults {
        println!("FAILED {fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Profiles every case and prints the table: first those that hardly compute, several at a time.
fn run(title: &'static str, cases: &[&Case], sandbox: &Sandbox) -> Round {
    println!(
        "\n{title}: {:21} {:12} {:10} {:>5}  {:10} {:8}",
        "case", "expected", "got", "f", "confidence", "main wait"
    );
    let is_there = |case: &&&Case| match case.missing(sandbox.folder()) {
        Some(program) => {
            println!("{:27} SKIPPED: there is no program '{program}'", case.name);
            false
        }
        None => true,
    };
    let (quiet, others): (Vec<&Case>, Vec<&Case>) =
        cases.iter().filter(is_there).partition(|case| case.is_quiet);
    let mut round = Round::new(title);
    for group in quiet.chunks(SIDE_BY_SIDE).chain(others.chunks(1)) {
        for (case, got) in group.iter().zip(side_by_side(group, sandbox)) {
            println!("{}", got.line(case));
            round.add(case, got);
        }
    }
    println!("{}", round.summary());
    round
}

/// Profiles cases at the same time.
fn side_by_side(cases: &[&Case], sandbox: &Sandbox) -> Vec<Got> {
    thread::scope(|scope| {
        let running: Vec<_> = cases.iter().map(|case| scope.spawn(|| Got::of(case, sandbox))).collect();
        running.into_iter().map(|profile| profile.join().unwrap()).collect()
    })
}
