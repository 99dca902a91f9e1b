//! `conc explain`: topics, strategies and codes, in words.
//!
//! Topics are Markdown files under `topics/`, embedded in the binary. [`markdown`] reads the subset of
//! Markdown that they use, [`render`] lays it out for a terminal or a pipe, and [`lookup`] finds the page
//! for a name.

#[cfg(test)]
mod agreement;
mod lookup;
pub(crate) mod markdown;
mod render;
mod strategy;
pub(crate) mod topic;

pub(crate) use lookup::{index, page, suggestions};
pub(crate) use render::PageLayout;
