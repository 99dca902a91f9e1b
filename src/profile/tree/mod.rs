//! Profiles process trees that nobody here wrote: commands, and what runs already.
//!
//! A sampler looks at every thread of the tree ([`scan`]) and keeps what it sees as a series of
//! [`moment`]s. Exact totals come from elsewhere; [`estimate`] makes the class of both.

pub mod attach;
pub mod blocked;
pub mod breakdown;
pub mod command;
pub mod conclude;
pub mod descriptor;
pub mod doubt;
pub mod estimate;
pub mod machine;
pub mod moment;
pub mod peer;
pub mod phases;
pub mod portable;
pub mod result;
pub mod sampler;
pub mod scan;
pub mod supervisor;
pub mod task;
pub mod watched;
