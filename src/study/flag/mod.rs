//! The search over a program's own flag, on this machine.

pub(crate) mod bench;
pub(crate) mod output;
pub(crate) mod runner;
pub(crate) mod setup;
pub(crate) mod study;

pub(crate) use setup::FlagSetup;
pub(crate) use study::FlagStudy;
