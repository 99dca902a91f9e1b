//! `conc explain`: topics, strategies and codes, in words.
//!
//! Topics are Markdown files under `topics/`, embedded in the binary. [`markdown`] reads the subset of
//! Markdown that they use, [`render`] lays it out for a terminal or a pipe, and [`lookup`] finds the page
//! for a name. The topics of measured tables end in their rows, which [`evidence`] lays out.

#[cfg(test)]
mod agreement;
mod evidence;
mod lookup;
pub(crate) mod markdown;
mod render;
mod strategy;
pub(crate) mod topic;

pub(crate) use lookup::{index, page, rows_page, suggestions};
pub(crate) use render::PageLayout;
