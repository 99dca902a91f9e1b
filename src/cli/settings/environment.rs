//! The environment of the program: its terminal and its standard input.

use std::io::{self, BufRead};

use crate::cli::args::Style;
use crate::cli::console::{Console, is_terminal_dumb};
use crate::cli::failure::FailedCommand;
use crate::explain::PageLayout;
use crate::report::table::{CodeChoice, Glyphs, TableOptions};

/// Columns of an output that is no terminal.
const DEFAULT_COLUMNS: usize = 100;

/// The hidden option that `conc mcp` puts first.
const PROGRESS_LINES: &str = "--progress-lines";

/// The environment of the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Environment {
    /// The streams.
    pub(crate) console: Console,
    /// The characters that the terminal can show.
    pub(crate) glyphs: Glyphs,
    /// Columns of the output.
    columns: usize,
}

impl Environment {
    /// Examines the terminal; `COLUMNS` overrides its width.
    pub(crate) fn detect(style: Style, command: FailedCommand) -> Self {
        let glyphs = if is_terminal_dumb() { Glyphs::Ascii } else { Glyphs::Unicode };
        let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        let asked = asked.filter(|columns| *columns > 0);
        let shown = || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        let columns = asked.or_else(shown).unwrap_or(DEFAULT_COLUMNS);
        Environment { console: Console::new(style, command), glyphs, columns }
    }

    /// Returns standard input.
    #[expect(clippy::unused_self, reason = "standard input belongs to the environment")]
    pub(crate) fn stdin(&self) -> impl BufRead {
        io::stdin().lock()
    }

    /// Returns the look of a plain table.
    pub(crate) fn table(&self) -> TableOptions {
        let colour = self.console.has_colour();
        TableOptions { width: self.columns, colour, verbose: false, code: CodeChoice::None }
    }

    /// Returns the layout of a page of `conc explain`.
    pub(crate) fn page(&self) -> PageLayout {
        PageLayout { width: self.columns, is_styled: self.console.has_colour() }
    }
}

/// Returns the words that the user typed after the name of the program, without the one that `conc mcp` adds.
pub(crate) fn typed_words() -> Vec<String> {
    let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
    words.skip_while(|word| word == PROGRESS_LINES).collect()
}
