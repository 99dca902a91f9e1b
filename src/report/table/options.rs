//! Options of the output for a person.

/// The layout of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableOptions {
    /// Columns of the terminal; fewer than 40 count as 40.
    pub width: usize,
    /// True to use colour. Nothing is said by colour alone.
    pub colour: bool,
    /// True to show every cell, every piece of evidence and every remedy.
    pub verbose: bool,
    /// The program to show.
    pub code: CodeChoice,
}

/// A program to show below a recommendation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeChoice {
    /// No program, only a hint how to ask for one.
    None,
    /// The program in Rust.
    Rust,
    /// The program in Python.
    Python,
    /// The lines for a shell.
    Shell,
}
