//! The controller of `conc run` on simulated work: no clock, no processes, seeded draws.
//!
//! Each draw is run once by the controller and once at every width of a ladder. Reported is the time of the
//! controller over that of the best of those widths, which nobody knows before.

#![expect(clippy::print_stdout, reason = "the table is what one runs it for")]

mod scenarios;
mod world;

use std::fmt::Write as _;

use scenarios::{SCENARIOS, Scenario};
use world::{World, run_auto, run_fixed};

/// Widths that a draw is run at.
const LADDER: [usize; 12] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

/// Draws of each scenario, unless `CONC_DRAWS` says otherwise.
const DRAWS: u64 = 8;

/// The time of the controller over that of the best width, for each draw in order.
fn ratios(scenario: &Scenario, draws: u64) -> Vec<f64> {
    let ratio = |seed| {
        let world = World::draw(scenario, seed);
        let best = LADDER.iter().map(|width| run_fixed(&world, *width).seconds).fold(f64::INFINITY, f64::min);
        let run = run_auto(&world);
        if std::env::var("CONC_TRACE").is_ok_and(|name| scenario.name == name) {
            println!("{} {seed}: {:.3} {:?}", scenario.name, run.seconds / best, run.steps);
        }
        run.seconds / best
    };
    let mut ratios: Vec<f64> = (1..=draws).map(ratio).collect();
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

#[test]
fn the_width_that_is_found_is_nearly_as_fast_as_the_best() {
    let mut table = String::new();
    let mut all = Vec::new();
    for scenario in &SCENARIOS {
        let ratios = ratios(scenario, draws());
        let (median, most) = (quantile(&ratios, 0.5), quantile(&ratios, 0.95));
        let _ = writeln!(table, "{:28} median {median:.3}  95% {most:.3}", scenario.name);
        all.extend(ratios);
    }
    all.sort_by(f64::total_cmp);
    let (median, most) = (quantile(&all, 0.5), quantile(&all, 0.95));
    let _ = writeln!(table, "{:28} median {median:.3}  95% {most:.3}", "all");
    println!("{table}");
    assert!(median <= 1.05, "{table}");
    assert!(most <= 1.35, "{table}");
}

#[test]
fn every_item_is_finished_once_in_every_scenario() {
    for scenario in &SCENARIOS {
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
