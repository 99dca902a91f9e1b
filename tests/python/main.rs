//! Python callables for real: every strategy, what they survive, and what is advised.

mod attempts;
mod command_line;
mod environment;
mod strategies;
mod survival;
mod test_bed;
mod variants;
