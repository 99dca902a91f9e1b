//! The table of exit statuses at the end of every `--help`.

use std::fmt::Write;

use crate::error::ExitStatus::{self, Done, Failed, Inconclusive, Interrupted, Regressed, Usage};

/// The exit statuses of commands that only read and write files.
pub(super) const PLAIN: &[ExitStatus] = &[Done, Failed, Usage];

/// The exit statuses of commands that run a workload.
pub(super) const RUNNING: &[ExitStatus] = &[Done, Failed, Usage, Interrupted];

/// The exit statuses of a comparison of files.
pub(super) const COMPARING: &[ExitStatus] = &[Done, Failed, Usage, Regressed, Inconclusive];

/// Returns `text` followed by the table of `statuses`.
pub(super) fn with_exit_statuses(text: &str, statuses: &[ExitStatus]) -> String {
    let mut help = if text.is_empty() { String::new() } else { format!("{text}\n\n") };
    help.push_str("Exit codes:");
    for status in statuses {
        let _ = write!(help, "\n  {:<4} {}", status.number(), status.meaning());
    }
    help
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Cli;

    /// Returns the help of a command, with every run of white space collapsed to one space.
    fn help(command: &mut clap::Command) -> String {
        let text = command.render_long_help().to_string();
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn lists(help: &str, status: ExitStatus) -> bool {
        help.contains(&format!(" {} {}", status.number(), status.meaning()))
    }

    #[test]
    fn every_help_lists_the_exit_statuses_of_its_command() {
        let mut root = Cli::command();
        assert!(RUNNING.iter().all(|status| lists(&help(&mut root), *status)));
        let generated = |command: &&mut clap::Command| command.get_name() == "help";
        for command in root.get_subcommands_mut().filter(|command| !generated(command)) {
            let expected = match command.get_name() {
                "bench" => &ExitStatus::ALL,
                "compare" => COMPARING,
                "advise" | "check" | "explain" | "mcp" | "profile" | "run" => RUNNING,
                _ => PLAIN,
            };
            let (name, help) = (command.get_name().to_owned(), help(command));
            for status in ExitStatus::ALL {
                assert_eq!(lists(&help, status), expected.contains(&status), "{name}: {status:?}: {help}");
            }
        }
    }

    #[test]
    fn the_documentation_has_the_same_table() {
        let text = include_str!("../../explain/topics/exit-codes.md");
        for status in ExitStatus::ALL {
            let row = format!("| {} | {} |", status.number(), status.meaning());
            assert!(text.contains(&row), "exit-codes.md lacks the row {row}");
        }
    }
}
