//! The picture of a study in a terminal: the table so far, and a line with what runs.

use std::fmt;
use std::io;
use std::time::Instant;

use terminal_size::{Height, Width, terminal_size_of};

use crate::report::shorten;
use crate::report::table::LiveTable;

use crate::cli::suite_eta::ApproxDuration;

/// Columns and lines of a terminal that does not tell its size.
const USUAL_SIZE: (usize, usize) = (80, 24);

/// Columns of the spinner, the blank next to it, and the last column: in it, some terminals begin a new line.
const BESIDE_LINE: usize = 3;

/// Lines that stay free: that of the spinner, and one for what the user typed.
const BESIDE_TABLE: usize = 2;

/// The picture of a study.
pub(super) struct LiveScreen {
    /// The name of the workload, and its place in a suite.
    name: String,
    has_colour: bool,
    /// Returns the time that the suite will still take.
    left: Option<Box<dyn Fn() -> ApproxDuration + Send + Sync>>,
    /// The beginning of the run of a whole command.
    run_began: Option<Instant>,
    message: String,
    table: String,
}

impl fmt::Debug for LiveScreen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveScreen").field("line", &self.line()).field("table", &self.table).finish()
    }
}

impl LiveScreen {
    /// Creates the picture of the workload `name`, before anything runs.
    pub(super) fn new(name: &str, has_colour: bool) -> Self {
        let (name, message, table) = (name.to_owned(), String::new(), String::new());
        LiveScreen { name, has_colour, left: None, run_began: None, message, table }
    }

    /// Shows the workload as a part of a suite that takes `left`.
    pub(super) fn enter_suite(&mut self, name: &str, left: Box<dyn Fn() -> ApproxDuration + Send + Sync>) {
        (self.name, self.left) = (name.to_owned(), Some(left));
    }

    /// Shows what runs now.
    pub(super) fn say(&mut self, message: String) {
        self.message = message;
    }

    /// Shows the run of a whole command that begins now.
    pub(super) fn say_of_run(&mut self, message: String) {
        self.run_began = Some(Instant::now());
        self.say(message);
    }

    /// Shows the table as it is now; returns true if there is one and the terminal has room for it.
    pub(super) fn set_table(&mut self, table: &LiveTable) -> bool {
        let (columns, lines) = size();
        self.table = table.render(columns - 1, lines.saturating_sub(BESIDE_TABLE), self.has_colour);
        !self.table.is_empty()
    }

    /// Returns the table; empty if there is none.
    pub(super) fn table(&self) -> &str {
        &self.table
    }

    /// Returns the line with what runs, as wide as the terminal is now.
    pub(super) fn line(&self) -> String {
        let left = self.left.as_ref().map(|left| format!("{} left", left()));
        let seconds = |began: Instant| format!("{} s", began.elapsed().as_secs());
        let parts = [Some(self.name.clone()), left, self.run_began.map(seconds), Some(self.message.clone())];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        shorten(&parts.join(" · "), size().0.saturating_sub(BESIDE_LINE))
    }
}

/// Returns the columns and lines of the terminal behind standard error.
fn size() -> (usize, usize) {
    let told = terminal_size_of(io::stderr());
    let size = told.map(|(Width(columns), Height(lines))| (usize::from(columns), usize::from(lines)));
    size.filter(|(columns, lines)| *columns > BESIDE_LINE && *lines > 0).unwrap_or(USUAL_SIZE)
}
