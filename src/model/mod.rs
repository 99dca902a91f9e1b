//! What theory predicts.

pub mod repairman;
