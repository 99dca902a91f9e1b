//! The controller of `conc run` on simulated work: no clock, no processes, seeded draws.
//!
//! Each draw is run once by the controller and once at every width of a ladder. Reported is the time of the
//! controller over that of the best of those widths, which nobody knows before.

#![expect(clippy::print_stdout, reason = "the table is what one runs it for")]

mod scenarios;
mod world;

use std::fmt::Write as _;
use std::ops::Range;

use scenarios::{CHANGES, HELD_OUT, SCENARIOS, Scenario};
use world::{Run, World, run_auto, run_fixed};

/// Widths that a draw is run at.
const LADDER: [usize; 12] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/// Draws of each scenario, unless `CONC_DRAWS` says otherwise.
const DRAWS: u64 = 8;

/// First seed of the draws that no constant was chosen on.
const HELD_OUT_SEED: u64 = 100_001;

/// The time of the controller over that of the best width, for each draw in order.
fn ratios(scenario: &Scenario, seeds: Range<u64>) -> Vec<f64> {
    let ratio = |seed| {
        let world = World::draw(scenario, seed);
        let best = LADDER.iter().map(|width| run_fixed(&world, *width).seconds).fold(f64::INFINITY, f64::min);
        let run = run_auto(&world);
        if std::env::var("CONC_TRACE").is_ok_and(|name| scenario.name == name) {
            println!("{} {seed}: {:.3} {:?}", scenario.name, run.seconds / best, run.steps);
        }
        run.seconds / best
    };
    let mut ratios: Vec<f64> = seeds.map(ratio).collect();
    ratios.sort_by(f64::total_cmp);
    ratios
}

fn quantile(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share).round() as usize]
}

/// Returns the number of draws that was asked for.
fn draws() -> u64 {
    std::env::var("CONC_DRAWS").ok().and_then(|draws| draws.parse().ok()).unwrap_or(DRAWS)
}

/// Runs scenarios; returns the median and the 95th percentile of all ratios, and a table.
fn table(scenarios: &[Scenario], first_seed: u64) -> (f64, f64, String) {
    let mut table = String::new();
    let mut all = Vec::new();
    for scenario in scenarios {
        let ratios = ratios(scenario, first_seed..first_seed + draws());
        let (median, most) = (quantile(&ratios, 0.5), quantile(&ratios, 0.95));
        let over = ratios.iter().filter(|ratio| **ratio > 1.15).count() as f64 / ratios.len() as f64;
        let _ = writeln!(
            table,
            "{:28} median {median:.3}  95% {most:.3}  over 1.15 {:4.1}%",
            scenario.name,
            over * 100.0
        );
        all.extend(ratios);
    }
    all.sort_by(f64::total_cmp);
    let (median, most) = (quantile(&all, 0.5), quantile(&all, 0.95));
    let _ = writeln!(table, "{:28} median {median:.3}  95% {most:.3}", "all");
    println!("{table}");
    (median, most, table)
}

#[test]
fn the_width_that_is_found_is_nearly_as_fast_as_the_best() {
    let (median, most, table) = table(&SCENARIOS, 1);
    assert!(median <= 1.05, "{table}");
    assert!(most <= 1.20, "{table}");
}

#[test]
fn it_is_nearly_as_fast_on_draws_and_kinds_of_work_that_no_constant_was_chosen_on() {
    let (median, most, known) = table(&SCENARIOS, HELD_OUT_SEED);
    assert!(median <= 1.05, "{known}");
    assert!(most <= 1.25, "{known}");
    let (median, most, unknown) = table(&HELD_OUT, HELD_OUT_SEED);
    assert!(median <= 1.15, "{unknown}");
    assert!(most <= 1.70, "{unknown}");
}

#[test]
fn ten_seconds_after_a_change_the_rate_is_nearly_the_best_again() {
    for scenario in &CHANGES {
        let share = |seed| {
            let world = World::draw(scenario, seed);
            let (change_s, best) = world.change();
            let (from_s, to_s) = (change_s + 10.0, change_s + 20.0);
            let rate = |run: &Run| run.finished_between(from_s, to_s) as f64;
            rate(&run_auto(&world)) / rate(&run_fixed(&world, best))
        };
        let mut shares: Vec<f64> = (1..=draws()).map(share).collect();
        shares.sort_by(f64::total_cmp);
        println!(
            "{:28} of the best: median {:.3}  5% {:.3}",
            scenario.name,
            quantile(&shares, 0.5),
            quantile(&shares, 0.05)
        );
        assert!(quantile(&shares, 0.5) >= 0.9, "{}: {shares:?}", scenario.name);
    }
}

#[test]
fn every_item_is_finished_once_in_every_scenario() {
    for scenario in SCENARIOS.iter().chain(&HELD_OUT) {
        let world = World::draw(scenario, 99);
        let run = run_auto(&world);
        assert_eq!(run.finished, world.items, "{}", scenario.name);
    }
}

#[test]
fn a_run_is_the_same_for_the_same_seed() {
    let world = World::draw(&SCENARIOS[2], 5);
    assert_eq!(run_auto(&world).seconds, run_auto(&world).seconds);
}
