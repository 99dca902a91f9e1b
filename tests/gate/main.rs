//! The gate against noise that was recorded on a real machine: thousands of suites, and no clock.
//!
//! `tests/data/noise*.csv` have the batches of four workloads, as `benches/noise.rs` records them: on an idle
//! machine, with one of its two CPUs kept busy by another program, while other programs came and went, and while a
//! program kept one CPU busy every other second. The recordings are resampled in blocks of batches that ran one after
//! another, so that batches resemble their neighbours as closely as in the recording. A change is made in the batches
//! of one side.
//!
//! `cargo test --test gate -- --nocapture` prints the shares that are asserted; `CONC_DRAWS` sets the number of suites.

#![expect(clippy::print_stdout, reason = "the shares found are of interest themselves")]

mod change;
mod paired;
mod recordings;
mod shares;
mod stored;

/// Workloads of a suite.
const SUITE: usize = 10;

/// Largest share of suites that are red although nothing changed, in percent.
const MAX_FALSE_ALARMS: f64 = 0.5;

/// Largest share of workloads that are inconclusive on an idle machine although nothing changed, in percent.
const MAX_INCONCLUSIVE: f64 = 20.0;

/// Suites without a change, and with each change: a debug build, in which the statistics are slow, draws less.
const SUITES: [u32; 2] = if cfg!(debug_assertions) { [30, 10] } else { [2000, 200] };

/// Returns the number of suites without a change and with each change; `CONC_DRAWS` sets the first.
fn draws() -> [u32; 2] {
    let asked = std::env::var("CONC_DRAWS").ok().map(|draws| draws.parse().expect("CONC_DRAWS is a number"));
    asked.map_or(SUITES, |draws: u32| [draws, draws.div_ceil(10)])
}
