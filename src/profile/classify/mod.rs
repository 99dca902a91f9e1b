//! The judgement: how much of its time a tree computes, its class, its phases, and how certain that is.

pub(crate) mod class;
pub(crate) mod confidence;
pub(crate) mod fraction;
pub(crate) mod idle;
pub(crate) mod kernel_io;
pub(crate) mod phases;
pub(crate) mod polling;
pub(crate) mod stretches;
pub(crate) mod unknown;
pub(crate) mod workers;
