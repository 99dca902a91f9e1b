//! The index of topics: finds the topics that a question is about.
//!
//! The ranking is BM25F (Robertson and Zaragoza 2009): BM25 with weights for fields. It is written here because
//! the known crate for BM25 has one field and depends on an unmaintained one.

mod phrases;
mod ranking;
#[cfg(test)]
mod tests;
mod tokens;
mod vocabulary;

pub(super) use ranking::{Hit, rank};
