//! Standard output and standard error, with colour as the user asked.

use std::env;
use std::io::{self, IsTerminal, Stderr, Write};

use anstream::{AutoStream, ColorChoice};

use crate::cli::args::Style;
use crate::cli::failure::{FailedCommand, Failure};
use crate::cli::say::{Colours, harmless, sayable};
use crate::error::ExitStatus;
use crate::host::standard_streams;
use crate::report::json::escape_controls;

/// The streams of this program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    colour: ColorChoice,
    shows_progress: bool,
    writes_progress_lines: bool,
    command: FailedCommand,
}

impl Console {
    /// Returns the streams of a command with the colour and progress of `style`.
    pub(crate) fn new(style: Style, command: FailedCommand) -> Self {
        let colour = match style {
            Style::Auto => colour_of_environment(),
            Style::Full | Style::Color => ColorChoice::Always,
            Style::Basic | Style::Nocolor => ColorChoice::Never,
        };
        Console {
            colour,
            shows_progress: matches!(style, Style::Auto | Style::Full | Style::Nocolor),
            writes_progress_lines: false,
            command,
        }
    }

    /// Returns the same streams, with progress as lines of JSON on standard error.
    pub(crate) fn with_progress_lines(self) -> Self {
        Console { writes_progress_lines: true, ..self }
    }

    /// Returns true if progress is written as lines of JSON.
    pub(crate) fn writes_progress_lines(self) -> bool {
        self.writes_progress_lines
    }

    /// Returns true if standard output has colour.
    pub(crate) fn has_colour(self) -> bool {
        match self.colour {
            ColorChoice::Auto => AutoStream::choice(&io::stdout()) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        }
    }

    /// Returns true if standard error has colour.
    pub(crate) fn has_error_colour(self) -> bool {
        match self.colour {
            ColorChoice::Auto => AutoStream::choice(&io::stderr()) != ColorChoice::Never,
            choice => choice != ColorChoice::Never,
        }
    }

    /// Returns true if progress is shown where standard error is a terminal.
    pub(crate) fn shows_progress(self) -> bool {
        self.shows_progress
    }

    /// Prints a document on standard output as it is.
    ///
    /// # Errors
    /// When it cannot be written. A reader that has closed the output ends only the printing.
    pub(crate) fn print(self, text: &str) -> Result<(), Failure> {
        let printed = standard_streams::stdout().and_then(|stdout| {
            let mut stdout = stdout.lock();
            stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush())
        });
        match printed {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Failure::io("cannot print")(error))
            }
            _ => Ok(()),
        }
    }

    /// Prints a page for people on standard output, without anything that controls a terminal but its colours.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn print_screen(self, screen: &str) -> Result<(), Failure> {
        self.print(&harmless(screen, Colours::Own))
    }

    /// Prints a line on standard error.
    pub(crate) fn note(self, line: &str) {
        self.say(&format!("{line}\n"), Colours::None);
    }

    /// Prints a line on standard error that has colours of this program.
    pub(crate) fn note_coloured(self, line: &str) {
        self.say(&format!("{line}\n"), Colours::Own);
    }

    /// Prints a line of JSON on standard error, for programs.
    pub(crate) fn note_json(self, line: &str) {
        self.write(&format!("{}\n", escape_controls(line)));
    }

    /// Prints workflow commands of GitHub Actions on standard error, whose values are escaped already.
    pub(crate) fn annotate(self, commands: &str) {
        self.write(commands);
    }

    /// Prints warnings on standard error, with a gap below a table on the same terminal.
    pub(crate) fn warn(self, warnings: &str) {
        let gap = if io::stderr().is_terminal() && !warnings.is_empty() { "\n" } else { "" };
        self.say(&format!("{gap}{warnings}"), Colours::Own);
    }

    /// Prints a failure on standard error and returns the exit status.
    pub(crate) fn report(self, failure: &Failure) -> ExitStatus {
        self.say(&format!("{}\n", failure.text(self.command).trim_end()), failure.colours());
        failure.exit_status()
    }

    /// Prints text on standard error: the only way for text that is not made for programs.
    fn say(self, text: &str, colours: Colours) {
        self.write(&sayable(text, colours));
    }

    fn write(self, text: &str) {
        // If standard error is closed, nobody is left to read it.
        let _ = self.stderr().write_all(text.as_bytes());
    }

    /// Returns standard error, which removes colour if there is to be none.
    fn stderr(self) -> AutoStream<Stderr> {
        AutoStream::new(io::stderr(), self.colour)
    }
}

/// Returns the colour of streams that decide for themselves.
///
/// A terminal without colours has none in continuous integration either: where `CI` is set, anstream 1.0 asks
/// no further, whatever `TERM` is.
fn colour_of_environment() -> ColorChoice {
    let is_forced = env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty());
    if is_terminal_dumb() && !is_forced { ColorChoice::Never } else { ColorChoice::Auto }
}

/// Returns true if the terminal shows plain text only (`TERM=dumb`).
pub(crate) fn is_terminal_dumb() -> bool {
    env::var_os("TERM").is_some_and(|term| term == "dumb")
}
