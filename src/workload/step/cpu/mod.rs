//! `cpu`: a fixed number of iterations of a real algorithm on real data.
//!
//! The number is found once per machine by [`calibrate`] and then part of the workload. A loop that
//! ran until a deadline would do less work when it has to share a CPU, and would make everything
//! look parallel.

mod burner;
pub(crate) mod calibrate;
mod compress;
mod computation;
mod data;
mod html_parse;
mod iterate;
mod json_parse;
mod kernels;
mod matmul;
mod memory;
mod primes;
mod sha256;
mod sort;

pub(crate) use burner::Burner;
pub(crate) use computation::Cpu;
