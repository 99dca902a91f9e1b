//! The short help: of `-h`, which fits a screen of 24 lines, next to `--help`, which has everything.

use std::ffi::OsStr;

use clap::{Arg, Command};

/// The end of every short help.
const MORE: &str = "Everything else, with examples and exit codes: --help";

/// Ends of the first part of an explanation.
const ENDS: [&str; 5] = ["; ", ": ", " (", " [", ", such as"];

/// The help of a command on one screen.
struct Short {
    name: &'static str,
    /// What the command does, in the list of commands.
    about: &'static str,
    /// The options that are shown, next to the arguments.
    options: &'static [&'static str],
}

const fn short(name: &'static str, about: &'static str, options: &'static [&'static str]) -> Short {
    Short { name, about, options }
}

const COMMANDS: &[Short] = &[
    short(
        "advise",
        "Recommend a strategy and a width for a workload",
        &["items", "tasks", "budget", "strategy", "width", "code", "json"],
    ),
    short(
        "run",
        "Run a command for every item, once",
        &["items", "shell", "jobs", "keep_order", "journal", "resume", "retries"],
    ),
    short(
        "bench",
        "Measure a suite and compare it, for CI",
        &["reference", "baseline", "save_baseline", "fail_on_regression", "budget", "export_json"],
    ),
    short(
        "compare",
        "Compare two files of results",
        &["fail_on_regression", "strict", "noise_threshold", "json"],
    ),
    short(
        "profile",
        "Say whether a program computes or waits",
        &["pid", "time", "items", "tasks", "shell", "runs", "json"],
    ),
    short(
        "check",
        "Find concurrency bugs of a Python callable",
        &["tasks", "items", "python", "timeout", "json", "format"],
    ),
    short(
        "fit",
        "Fit a scaling law to load-test data",
        &["concurrency", "throughput", "json", "export_csv", "export_markdown", "verbose"],
    ),
    short("list", "List the sample workloads", &[]),
    short("init", "Write a commented workload file", &[]),
    short(
        "explain",
        "Answer questions, explain errors, show topics",
        &["measure", "last", "class", "pattern", "json"],
    ),
    short("mcp", "Serve the Model Context Protocol", &[]),
];

/// Commands that the short list leaves out.
const SELDOM: [&str; 3] = ["schema", "completions", "man"];

/// Returns true if the user asks for the short help.
pub(crate) fn is_asked(arguments: impl Iterator<Item = impl AsRef<OsStr>>) -> bool {
    let mut own = arguments.skip(1).map(|word| word.as_ref().to_owned()).take_while(|word| word != "--");
    own.any(|word| word == "-h")
}

/// Returns the program with little in its help and in that of each command, in one group.
pub(crate) fn shortened(root: Command) -> Command {
    let of = |name: &str| COMMANDS.iter().find(|short| short.name == name);
    let commands = root.mut_subcommands(|command| {
        let is_seldom = SELDOM.contains(&command.get_name());
        let short = of(command.get_name());
        let about = short.map(|short| short.about.to_owned());
        let options = short.map(|short| short.options).unwrap_or_default();
        let command = command.after_help(MORE).hide(is_seldom).mut_args(|arg| brief(arg, options));
        about.map_or(command.clone(), |about| command.about(about))
    });
    commands.after_help(MORE).disable_help_subcommand(true)
}

/// Leaves an option out unless it is shown, and shortens what is said about it.
fn brief(arg: Arg, shown: &[&str]) -> Arg {
    let is_shown = arg.is_positional() || shown.contains(&arg.get_id().as_str());
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let end = ENDS.iter().filter_map(|mark| help.find(mark)).min().unwrap_or(help.len());
    let takes_value = arg.get_action().takes_values();
    let arg =
        arg.help(help[..end].to_owned()).hide_possible_values(takes_value).hide_default_value(takes_value);
    arg.hide_short_help(!is_shown).help_heading(None)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::Cli;

    /// Size of the screen that a short help has to fit: that of a terminal when it is opened.
    const SCREEN: (usize, usize) = (80, 24);

    /// Options that a command may have outside of groups.
    const MOST_UNGROUPED: usize = 3;

    #[test]
    fn every_short_help_fits_a_screen() {
        let (columns, lines) = SCREEN;
        let mut root = shortened(Cli::command()).term_width(columns).max_term_width(columns);
        root.build();
        let mut tall = Vec::new();
        let mut check = |name: &str, help: String| {
            let widest = help.lines().map(|line| line.chars().count()).max().unwrap_or_default();
            // The prompt takes a line too.
            if help.lines().count() >= lines || widest > columns {
                tall.push(format!("{name}: {} lines, {widest} columns\n{help}", help.lines().count()));
            }
        };
        check("conc", root.render_help().to_string());
        for command in root.get_subcommands_mut() {
            let mut command = command.clone().term_width(columns).max_term_width(columns);
            let help = command.render_help().to_string();
            check(command.get_name(), help);
        }
        assert!(tall.is_empty(), "{}", tall.join("\n"));
    }

    #[test]
    fn a_short_help_names_options_that_exist() {
        let root = shortened(Cli::command());
        for Short { name, options, .. } in COMMANDS {
            let command = root.find_subcommand(name).expect(name);
            for option in *options {
                let arg = command.get_arguments().find(|arg| arg.get_id() == option);
                assert!(arg.is_some_and(|arg| !arg.is_hide_short_help_set()), "{name}: {option}");
            }
        }
    }

    #[test]
    fn the_short_help_is_asked_for_before_a_command() {
        let asks = |line: &str| is_asked(line.split(' '));
        assert!(asks("conc -h") && asks("conc advise -h"));
        assert!(!asks("conc advise --help") && !asks("conc run -- ls -h") && !asks("conc advise"));
    }

    #[test]
    fn the_long_help_of_a_command_with_many_options_has_groups() {
        let root = Cli::command();
        for name in ["advise", "run", "bench", "profile"] {
            let command = root.find_subcommand(name).expect(name);
            let options = command.get_arguments().filter(|arg| !arg.is_positional() && !arg.is_hide_set());
            let plain: Vec<_> = options
                .filter(|arg| arg.get_help_heading().is_none() && arg.get_id() != "help")
                .map(|arg| arg.get_id().to_string())
                .filter(|id| !["simulate", "progress_lines"].contains(&id.as_str()))
                .collect();
            assert!(plain.len() <= MOST_UNGROUPED, "{name}: without a group: {plain:?}");
        }
    }
}
