//! The class of real programs, on the machine as it is and with a load on every CPU.
//!
//! `.ci/run corpus` prints the whole table, `cargo test --test corpus NAME` the table of some cases. The test
//! needs the programs of a few Debian packages (`.ci/run` installs them); it skips a case whose program is
//! missing, and says so.

#![expect(clippy::print_stdout, reason = "the table is what this test is run for")]
#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod cases;
#[path = "../common/lane.rs"]
mod lane;
mod load;
mod sandbox;
mod verdict;

use std::process::ExitCode;

use cases::Case;
use load::Load;
use sandbox::Sandbox;
use verdict::{Got, Round};

fn main() -> ExitCode {
    // As with any other test binary: `cargo test NAME` runs what has the name, `--list` runs nothing.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (flags, words): (Vec<_>, Vec<_>) = arguments.iter().partition(|argument| argument.starts_with('-'));
    let cases = cases::all();
    let is_named = |case: &&Case| words.iter().any(|word| case.name.contains(word.as_str()));
    let is_all = words.is_empty() || words.iter().any(|word| *word == "corpus");
    let chosen: Vec<&Case> = cases.iter().filter(|case| is_all || is_named(case)).collect();
    if chosen.is_empty() || flags.iter().any(|flag| *flag == "--list") {
        return ExitCode::SUCCESS;
    }
    if words.is_empty() && !lane::runs_all("the corpus of real programs") {
        return ExitCode::SUCCESS;
    }
    let sandbox = Sandbox::new();
    let idle = run("idle", &chosen, &sandbox);
    let load = Load::start();
    let loaded = run("loaded", &chosen, &sandbox);
    drop(load);
    let mut faults = [idle.faults(), loaded.faults()].concat();
    if is_all {
        faults.extend(idle.too_few());
    }
    for fault in &faults {
        println!("FAILED {fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Profiles every case and prints the table.
fn run(title: &'static str, cases: &[&Case], sandbox: &Sandbox) -> Round {
    println!(
        "\n{title}: {:21} {:12} {:10} {:>5}  {:10} {:8}",
        "case", "expected", "got", "f", "confidence", "main wait"
    );
    let mut round = Round::new(title);
    for case in cases {
        if let Some(program) = case.missing() {
            println!("{:27} SKIPPED: there is no program '{program}'", case.name);
            continue;
        }
        let got = Got::of(case, sandbox);
        println!("{}", got.line(case));
        round.add(case, got);
    }
    println!("{}", round.summary());
    round
}
