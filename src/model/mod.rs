//! What theory predicts.

pub mod amdahl;
pub mod estimate;
pub mod nls;
pub mod repairman;
pub mod scaling;
pub mod usl;

pub use nls::Point;
