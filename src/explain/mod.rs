//! `conc explain`: topics, strategies, codes, questions and error messages.
//!
//! Topics are Markdown files under `topics/`, and their programs files under `programs/`, embedded in the binary.
//! [`markdown`] reads the subset of Markdown that they use, [`render`] lays it out for a terminal or a pipe, and
//! [`lookup`] finds the page for a name. [`mod@index`] finds topics for a question, [`errors`] explains
//! messages, and [`answer`] is what becomes of either, as data. The topics of measured tables end in their rows,
//! which [`evidence`] lays out. [`man_page`] writes topics for `man`.

#[cfg(test)]
mod agreement;
pub(crate) mod answer;
mod errors;
mod evidence;
mod index;
mod lookup;
pub(crate) mod man_page;
pub(crate) mod markdown;
mod measured;
mod programs;
mod question;
mod render;
mod strategy;
pub(crate) mod topic;

pub(crate) use answer::Answer;
pub(crate) use lookup::{index, page, rows_page, suggestions};
pub(crate) use measured::{MeasuredWorkload, measured};
pub(crate) use programs::program;
pub(crate) use question::{Question, UsedPattern};
pub(crate) use render::PageLayout;
