//! Long pages through the user's pager.

use std::io::{self, IsTerminal, Write};
use std::process::{Command, Stdio};

use crate::cli::console::Console;
use crate::cli::failure::Failure;

/// The pager without `PAGER`.
const DEFAULT_PAGER: &str = "less";

/// Options of `less` without `LESS`, the same as git's: end at once if the page fits, show colour, leave the page on the screen.
const LESS_OPTIONS: &str = "FRX";

/// Prints a page: through the pager if standard output is a terminal with fewer lines.
pub(crate) fn show(page: &str, console: Console) -> Result<(), Failure> {
    let height = terminal_size::terminal_size_of(io::stdout()).map(|(_, rows)| usize::from(rows.0));
    let is_long = io::stdout().is_terminal() && height.is_some_and(|rows| page.lines().count() >= rows);
    if is_long && is_paged(page) { Ok(()) } else { console.print(page) }
}

/// Shows a page with the pager; returns false if there is none.
fn is_paged(page: &str) -> bool {
    let asked = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
    let mut command = Command::new("sh");
    command.arg("-c").arg(asked.as_deref().unwrap_or(DEFAULT_PAGER)).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", LESS_OPTIONS);
    }
    // Ctrl-C belongs to the pager; if another handler is set already, it only notes the signal.
    let _ = ctrlc::set_handler(|| {});
    let Ok(mut pager) = command.spawn() else { return false };
    if let Some(mut input) = pager.stdin.take() {
        // The pager may end before it has read everything.
        let _ = input.write_all(page.as_bytes());
    }
    // A shell that finds no such program says so on standard error, and ends with 127.
    pager.wait().is_ok_and(|status| status.code() != Some(127))
}
