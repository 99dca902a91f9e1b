//! Recognises slips on the command line, to say what was meant instead of what a parser stumbled over.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory, Error};

use crate::cli::args::command_line::Cli;
use crate::cli::args::foreign;
use crate::workload::input::{is_callable, is_program, load};

/// The separator between a callable or a command and its items.
const SEPARATOR: &str = ":::";

/// Commands that take a command line after `--`.
pub(super) const RUNNING: [&str; 4] = ["advise", "bench", "profile", "run"];

/// Short options with a number behind them; other short options are as likely to be items.
const NUMBERED: [&str; 3] = ["-j", "-r", "-w"];

/// Returns a message for a command line that the parser refused, if a slip explains the refusal.
pub(crate) fn explain(error: &Error, arguments: &[String]) -> Option<String> {
    let refused = match error.get(ContextKind::InvalidArg)? {
        ContextValue::String(word) => word.split([' ', '=']).next()?.to_owned(),
        _ => return None,
    };
    let of_words = || option_among_items(&refused, arguments).or_else(|| command_without_dashes(arguments));
    let has_dashes = arguments.iter().any(|word| word == "--");
    Some(())
        .filter(|()| !has_dashes)
        .and_then(|()| of_words())
        .or_else(|| jobs_elsewhere(&refused, arguments))
        .or_else(|| {
            foreign::instead(arguments.get(1)?, &refused)
                .filter(|_| error.kind() == ErrorKind::UnknownArgument)
        })
}

/// Takes the tip to write `--` before an option out of a refusal, where a command follows `--`.
pub(crate) fn drop_wrong_tip(error: &mut Error, arguments: &[String]) {
    if arguments.get(1).is_some_and(|name| RUNNING.contains(&name.as_str())) {
        error.remove(ContextKind::Suggested);
    }
}

/// Returns the message for the number of jobs of make, which only `run` has.
fn jobs_elsewhere(refused: &str, arguments: &[String]) -> Option<String> {
    let command = arguments.get(1).filter(|name| ["advise", "bench"].contains(&name.as_str()))?;
    ["-j", "--jobs"].contains(&refused).then(|| {
        format!("'{refused}' is an option of conc run; conc {command} finds the number, and --width 8 measures this one alone")
    })
}

/// Returns the message for an item behind `:::` that the parser took for an option.
fn option_among_items(refused: &str, arguments: &[String]) -> Option<String> {
    let at = arguments.iter().position(|word| word == SEPARATOR)?;
    let is_behind = arguments[at..].iter().any(|word| word.starts_with(refused));
    is_behind.then(|| {
        format!(
            "'{refused}' behind ::: is no option of conc; if it is an item, write the items into a file and use --items \
             FILE, else remove it"
        )
    })
}

/// Returns the message for a command that does not follow `--`.
fn command_without_dashes(arguments: &[String]) -> Option<String> {
    let name = arguments.get(1).filter(|name| RUNNING.contains(&name.as_str()))?;
    let root = Cli::command();
    let command = root.find_subcommand(name)?;
    let mut at = 2;
    while let Some(word) = arguments.get(at).filter(|word| word.starts_with('-')) {
        let has_value = !word.contains('=') && option_of(command, word).is_some_and(takes_value);
        at += if has_value { 2 } else { 1 };
    }
    let words = arguments.get(at..)?;
    let program = words.first()?;
    if !is_program(program) || is_callable(program) || load(program).is_some() {
        return None;
    }
    let before = shlex::try_join(arguments[..at].iter().skip(1).map(String::as_str)).ok()?;
    let line = shlex::try_join(words.iter().map(String::as_str)).ok()?;
    Some(format!("'{program}' is a program, and a command follows --; write: conc {before} -- {line}"))
}

/// Checks that no option of `conc` is among the items behind `:::` of a command, where it would be an item, and no
/// word that only GNU parallel knows.
///
/// # Errors
/// A message, if there is one.
pub(crate) fn check_items(command_line: &[String]) -> Result<(), String> {
    foreign::check_separators(command_line)?;
    let at = command_line.iter().position(|word| word == SEPARATOR).unwrap_or(command_line.len());
    foreign::check_places(&command_line[..at])?;
    let items = command_line.get(at + 1..).unwrap_or_default();
    let root = Cli::command();
    let commands: Vec<_> = RUNNING.iter().filter_map(|name| root.find_subcommand(name)).collect();
    let is_number = |word: &&String| word.bytes().all(|byte| byte.is_ascii_digit());
    let is_slip = |(i, word): (usize, &String)| {
        let is_long = word.len() > 2 && commands.iter().any(|command| option_of(command, word).is_some());
        let glued =
            word.get(2..).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
        let has_number = glued || items.get(i + 1).filter(is_number).is_some();
        let is_numbered = NUMBERED.iter().any(|short| word.starts_with(short)) && has_number;
        (word.starts_with("--") && is_long) || is_numbered
    };
    match items.iter().enumerate().find(|(i, word)| is_slip((*i, word))) {
        None => Ok(()),
        Some((_, word)) => Err(format!(
            "'{word}' behind ::: would be an item; options of conc come before --, as in `conc advise {word} ... -- \
             COMMAND ::: ITEM ...`; if it is an item, write the items into a file and use --items FILE"
        )),
    }
}

/// Returns the option that a word is, with or without a value behind `=`.
pub(super) fn option_of<'c>(command: &'c Command, word: &str) -> Option<&'c Arg> {
    let name = word.split('=').next().unwrap_or(word);
    command.get_arguments().find(|argument| {
        let is_alias = |long: &str| argument.get_all_aliases().is_some_and(|all| all.contains(&long));
        match name.strip_prefix("--") {
            Some(long) => argument.get_long() == Some(long) || is_alias(long),
            None => name.strip_prefix('-').is_some_and(|short| {
                let mut letters = short.chars();
                argument.get_short() == letters.next() && letters.next().is_none() && !short.is_empty()
            }),
        }
    })
}

fn takes_value(argument: &Arg) -> bool {
    argument.get_action().takes_values()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn explained(line: &str) -> Option<String> {
        let arguments = words(line);
        explain(&Cli::try_parse_from(&arguments).expect_err("refused"), &arguments)
    }

    #[test]
    fn a_command_without_dashes_is_shown_with_them() {
        for (line, meant) in [
            ("conc advise sh -e script", "write: conc advise -- sh -e script"),
            ("conc advise --budget 3s sh -e script", "write: conc advise --budget 3s -- sh -e script"),
            ("conc bench -r 4 ls -l", "write: conc bench -r 4 -- ls -l"),
            ("conc profile --shell ls -l", "write: conc profile --shell -- ls -l"),
        ] {
            let message = explained(line).expect(line);
            assert!(message.ends_with(meant), "{message}");
        }
        for line in
            ["conc advise web-scraper --nothing", "conc check ls -l", "conc advise -- ls --wdith --cpu 1ms x"]
        {
            let arguments = words(line);
            let parsed = Cli::try_parse_from(&arguments);
            assert!(parsed.is_ok() || explained(line).is_none(), "{line}");
        }
    }

    #[test]
    fn the_jobs_of_make_are_those_of_run() {
        for line in [
            "conc advise -j 4 -- ls {} ::: a",
            "conc bench --jobs=4 web-scraper",
            "conc advise web-scraper -j8",
        ] {
            let message = explained(line).expect(line);
            assert!(
                message.contains("is an option of conc run") && message.contains("--width 8"),
                "{line}: {message}"
            );
        }
        assert!(Cli::try_parse_from(words("conc run -j 4 -- ls {}")).is_ok());
    }

    #[test]
    fn an_item_that_looks_like_an_option_goes_into_a_file() {
        for line in ["conc advise tasks.py:fetch ::: a -x", "conc advise tasks.py:fetch ::: a --wdith=3"] {
            assert!(explained(line).expect(line).contains("use --items FILE"), "{line}");
        }
    }

    #[test]
    fn options_behind_the_items_of_a_command_are_found() {
        for (line, word) in [
            ("curl {} ::: a b --budget 3s", "--budget"),
            ("curl {} ::: a b --width=4", "--width=4"),
            ("curl {} ::: a b --jobs 4", "--jobs"),
            ("curl {} ::: a b -j4", "-j4"),
            ("curl {} ::: a b -r 3", "-r"),
        ] {
            let message = check_items(&words(line)).expect_err(line);
            assert!(message.starts_with(&format!("'{word}' behind :::")), "{message}");
        }
        for line in
            ["ls {} ::: -l -a", "curl --retry 3 {} ::: a b", "ls {} ::: --color --all -r", "seq {} ::: -1 2"]
        {
            assert_eq!(check_items(&words(line)), Ok(()), "{line}");
        }
    }
}
