//! Python callables for real: every strategy, what they survive, and what is advised.

mod attempts;
mod command_line;
mod environment;
#[path = "../common/lane.rs"]
mod lane;
mod strategies;
mod survival;
mod test_bed;
mod variants;
