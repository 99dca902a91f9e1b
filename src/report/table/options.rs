//! Options of the output for a person.

/// How the output is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableOptions {
    /// Columns of the terminal; fewer than 40 are taken for 40.
    pub width: usize,
    /// Whether to use colour. Nothing is said by colour alone.
    pub colour: bool,
    /// Whether to show every cell, every piece of evidence and every remedy.
    pub verbose: bool,
    /// The program to show.
    pub code: CodeChoice,
}

/// A program to show below a recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeChoice {
    /// None, only how to ask for one.
    None,
    /// The one in Rust.
    Rust,
    /// The one in Python.
    Python,
}
