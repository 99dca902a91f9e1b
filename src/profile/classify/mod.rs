//! The judgement: how much of its time a tree computes, its class, its phases, and how certain that is.

pub mod class;
pub mod confidence;
pub mod fraction;
pub mod phases;
pub mod unknown;
