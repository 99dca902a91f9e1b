//! The output for a person: one screen that fits the terminal, readable without colour.

mod cells;
mod checklist;
mod details;
mod engine;
mod fit;
mod flag;
mod gate;
mod header;
mod live;
pub(crate) mod options;
mod plot;
mod profile;
mod recommendation;
mod render;
mod screen;
#[cfg(test)]
mod tests;
mod tree;
mod warnings;

pub(crate) use live::LiveTable;
pub(crate) use options::{CodeChoice, TableOptions};
pub(crate) use plot::Glyphs;
pub(crate) use render::{
    render_advise, render_bench, render_check, render_fit, render_profile, render_warnings,
};
