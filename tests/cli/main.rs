//! `conc` as a user at a shell and a script in CI meet it: input, output and leftovers.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod apart;
mod attached;
mod bad_input;
mod bench;
mod bench_bad_input;
mod bench_checkout;
mod both_ways;
mod check;
mod check_items;
mod coming_from;
mod commands;
mod dask;
mod engine_results;
mod explain;
mod exports;
mod faults;
mod fit;
mod fit_files;
mod fit_real;
mod foreign;
mod hooks;
mod hostile;
mod inherited;
mod interrupt;
mod json;
#[path = "../common/lane.rs"]
mod lane;
mod live;
mod mcp;
mod own_flag;
mod own_flag_forms;
mod python_surroundings;
mod quiet;
mod quotas;
mod run;
mod run_callable;
mod run_files;
mod run_journal;
mod run_scripts;
mod run_signals;
mod run_steps;
mod sandbox;
mod sarif;
#[path = "../../src/report/shapes.rs"]
mod shapes;
#[path = "../common/signals.rs"]
mod signals;
mod simulate;
mod slips;
mod slurm;
mod slurm_programs;
mod tables;
mod terminal;
mod thread_limit;
