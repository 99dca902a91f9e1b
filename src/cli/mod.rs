//! The command line: arguments, settings, commands, output.

mod args;
mod checkout;
mod commands;
mod console;
mod entry;
mod exit;
mod failure;
mod files;
mod github;
mod last_failure;
mod live_screen;
mod machine;
mod output;
mod pager;
mod progress;
mod run_progress;
mod say;
mod settings;
mod signals;
mod suite_eta;

pub use entry::main;
