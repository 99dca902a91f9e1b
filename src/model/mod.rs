//! Queueing theory, scaling laws and the belief that measurements update.

pub mod amdahl;
pub mod estimate;
pub mod message;
pub mod network;
pub mod nls;
pub mod rate;
pub mod repairman;
pub mod scaling;
pub mod surrogate;
pub mod usl;

pub use nls::Point;
pub use rate::RateCurve;
