//! What theory predicts, and what measurements add to it.

pub mod repairman;
pub mod surrogate;
