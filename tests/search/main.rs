//! The search and the choice against simulated machines: many workloads, and no clock.
//!
//! Two groups of machines are simulated. The first has errors, noise and drift of the shape that the belief
//! assumes, so that its share of good advice only shows that the program is consistent with itself. The
//! second has what the belief does not assume: sudden changes of speed, drift that is much faster or slower,
//! heavy tails, an error of its own at every width, an upstream with two speeds.
//!
//! Shares are over seeded draws, so that they are the same on every machine. Each test prints its share:
//! `cargo test --release --test search -- --nocapture`. A debug build takes fewer draws (or as many as
//! `CONC_SEARCH_DRAWS` says) and is held to the same bounds.

mod evaluate;
mod machine;
mod truth;

use conc::internal::SearchParams;

use evaluate::{BUDGET, Outcome, Summary, Work, advise, advise_again, simulate};
use machine::{NoiseModel, Regimes, Steps, Tail};

/// A machine of the shape that the belief assumes.
const ORDINARY: NoiseModel = NoiseModel {
    noise: 0.05,
    tail: Tail::Normal,
    drift: 0.05,
    drift_time_s: 5.0,
    steps: None,
    outliers: 0.02,
    capped: 0.3,
    width_bias: 0.0,
    regimes: None,
    work: Work::Any,
};

/// A machine of the shape of [`ORDINARY`] with three times the noise and five times the drift.
const UNRULY: NoiseModel = NoiseModel { noise: 0.15, drift: 0.25, ..ORDINARY };

/// Number of workloads that are drawn for a case.
fn draws() -> u64 {
    let asked = std::env::var("CONC_SEARCH_DRAWS").ok().and_then(|text| text.parse().ok());
    asked.unwrap_or(if cfg!(debug_assertions) { 40 } else { 2000 })
}

/// Simulates a case, prints its line of the table in `benches/README.md`, and returns it.
fn case(name: &str, model: NoiseModel) -> Summary {
    report(name, simulate(model, SearchParams::default(), draws()))
}

#[expect(clippy::print_stdout, reason = "the share is the result of this evaluation")]
fn report(name: &str, summary: Summary) -> Summary {
    let Summary { draws, good, median_s, most_s, too_wide, mean_regret, by_confidence } = summary;
    let [high, medium, low] = by_confidence.map(|(n, good)| format!("{:.0}% of {n}", 100.0 * good));
    println!(
        "| {name} | {:.1}% of {draws} | {:.1}% | {median_s:.1} s | {most_s:.1} s | {too_wide:.1}x | {high} | {medium} | {low} |",
        100.0 * good,
        100.0 * mean_regret
    );
    summary
}

/// Checks that a case has this share of good advice, and that no study takes much longer than its budget.
fn assert_good(summary: &Summary, share: f64) {
    assert!(summary.good >= share, "{summary:?}");
    // The configurations that are measured in any case may all meet a slow machine.
    assert!(summary.most_s <= 1.5 * BUDGET.as_secs_f64(), "{summary:?}");
}

#[test]
fn on_the_machine_that_the_belief_assumes_advice_is_within_five_percent_of_the_best() {
    let summary = case("as assumed (self-consistency)", ORDINARY);
    assert_good(&summary, 0.90);
    assert!(summary.median_s <= 4.0, "{summary:?}");
}

#[test]
fn with_much_noise_and_drift_of_the_assumed_shape_it_still_is_in_most_cases() {
    assert_good(&case("as assumed, unruly (self-consistency)", UNRULY), 0.70);
}

#[test]
fn behind_a_cap_far_below_what_is_predicted_the_budget_is_kept_and_the_advice_is_narrow() {
    let summary =
        case("hidden cap of a few at once", NoiseModel { capped: 1.0, work: Work::Waiting, ..ORDINARY });
    assert_good(&summary, 0.90);
    assert!(summary.median_s <= 1.1 * BUDGET.as_secs_f64(), "{summary:?}");
    assert!(summary.too_wide <= 2.0, "{summary:?}");
}

#[test]
fn sudden_changes_of_speed() {
    let steps = Some(Steps { every_s: 2.0, sd: 0.25 });
    assert_good(&case("speed changes by steps", NoiseModel { drift: 0.0, steps, ..ORDINARY }), 0.75);
}

#[test]
fn drift_that_is_ten_times_faster_than_assumed() {
    let model = NoiseModel { drift: 0.15, drift_time_s: 0.5, ..ORDINARY };
    assert_good(&case("fast drift, τ 0.5 s", model), 0.80);
}

#[test]
fn drift_that_is_twelve_times_slower_than_assumed() {
    let model = NoiseModel { drift: 0.25, drift_time_s: 60.0, ..ORDINARY };
    assert_good(&case("slow drift, τ 60 s", model), 0.80);
}

#[test]
fn heavy_tails() {
    let model = NoiseModel { tail: Tail::HeavyAndSlow, outliers: 0.0, ..ORDINARY };
    assert_good(&case("heavy tails", model), 0.80);
}

#[test]
fn an_error_of_its_own_at_every_width() {
    assert_good(&case("bias per width", NoiseModel { width_bias: 0.10, ..ORDINARY }), 0.75);
}

#[test]
fn an_upstream_with_two_speeds() {
    let regimes = Some(Regimes { mean_s: 1.5, slow_share: 0.4 });
    assert_good(&case("upstream with two regimes", NoiseModel { regimes, capped: 0.0, ..ORDINARY }), 0.50);
}

#[test]
#[ignore = "an evaluation: how many of 20 runs on a busy machine agree, or say that they cannot tell"]
#[expect(clippy::print_stdout, reason = "the counts are the result of this evaluation")]
fn runs_on_a_busy_machine_are_compared() {
    let busy =
        NoiseModel { noise: 0.3, drift: 0.25, outliers: 0.1, capped: 0.0, work: Work::Waiting, ..ORDINARY };
    for workload in 0..3 {
        let runs: Vec<Outcome> = (100..120).map(|seed| advise_again(busy, workload, seed)).collect();
        let most = |strategy| runs.iter().filter(|run| run.strategy == strategy).count();
        let family = runs.iter().map(|run| run.strategy).max_by_key(|strategy| most(*strategy));
        let agrees = |run: &&Outcome| Some(run.strategy) == family && run.regret <= 0.10;
        let is_low = |run: &&Outcome| run.near_best < 0.5;
        let fine = runs.iter().filter(|run| agrees(run) || is_low(run)).count();
        println!("| busy machine, workload {workload} | {fine} of {} agree or say low |", runs.len());
    }
}

#[test]
#[ignore = "an evaluation: shares and durations by the expected loss of the stop rule"]
fn the_stop_regret_is_swept() {
    for stop_regret in [0.01, 0.02, 0.03, 0.04] {
        let params = SearchParams { stop_regret, ..SearchParams::default() };
        for (name, model) in [("as assumed", ORDINARY), ("unruly", UNRULY)] {
            let summary = simulate(model, params, draws());
            report(&format!("{name}, stop at {stop_regret}"), summary);
        }
    }
}

#[test]
fn the_same_seed_and_the_same_measurements_give_the_same_advice() {
    for seed in 0..5 {
        let advice = || advise(ORDINARY, SearchParams::default(), seed);
        assert_eq!(advice(), advice());
    }
}
