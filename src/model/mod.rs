//! Queueing theory, scaling laws, and the belief that measurements update.

pub(crate) mod amdahl;
pub(crate) mod estimate;
pub(crate) mod full_pipe;
pub(crate) mod message;
pub(crate) mod network;
pub(crate) mod nls;
pub(crate) mod rate;
pub(crate) mod repairman;
pub(crate) mod scaling;
pub(crate) mod surrogate;
pub(crate) mod usl;

pub(crate) use full_pipe::{FullPipe, TaskInterval};
pub use nls::Point;
pub(crate) use rate::RateCurve;
