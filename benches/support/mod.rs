//! Parts that the benchmarks share: subjects, and a fair way to compare them with the plainest program.

pub(crate) mod paired;
pub(crate) mod subject;
