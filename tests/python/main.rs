//! Python callables in real interpreters: strategies, failures, and the command line.

mod attempts;
mod checked_right;
mod checked_wrong;
mod command_line;
mod environment;
mod hangs;
#[path = "../common/lane.rs"]
mod lane;
mod rates;
mod start_up;
mod strategies;
mod survival;
mod test_bed;
mod variants;
