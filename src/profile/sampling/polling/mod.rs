//! Samples of what busy threads execute, which show loops that only wait.

pub(crate) mod counts;
pub(crate) mod place;
pub(crate) mod watch;
