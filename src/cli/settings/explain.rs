//! Settings of `conc explain`.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsFd;
use std::path::Path;

use clap::Parser;
use nix::poll::{PollFd, PollFlags, poll};
use tempfile::TempDir;

use crate::explain::topic::Topic;
use crate::explain::{MeasuredWorkload, Question, measured, program};
use crate::workload::input::is_callable;

use crate::cli::args::{AdviseArgs, Cli, Command, ExplainArgs};
use crate::cli::failure::Failure;
use crate::cli::last_failure;
use crate::cli::settings::environment::Environment;

/// Milliseconds without input after which a user is told what is waited for.
const SILENCE_MS: u16 = 1000;

/// Settings of `conc explain`.
pub(crate) struct ExplainSettings {
    /// The question, the message or the name; `None` lists the topics.
    pub(crate) question: Option<Question>,
    /// The workload to measure.
    pub(crate) measured: Option<MeasuredQuestion>,
    /// True to print JSON.
    pub(crate) is_json: bool,
}

/// A workload that a question is about, or that belongs to a topic.
pub(crate) struct MeasuredQuestion {
    /// The workload, as it was typed, or that of the topic.
    pub(crate) workload: String,
    /// The arguments of the study.
    pub(crate) advise: Box<AdviseArgs>,
    /// True if the workload belongs to a topic, whose page is shown with the figures.
    pub(crate) is_of_topic: bool,
    /// Programs of topics, written for the interpreter.
    _programs: Option<TempDir>,
}

impl ExplainSettings {
    /// Resolves the arguments.
    ///
    /// # Errors
    /// When there is nothing to explain or to measure.
    pub(crate) fn resolve(args: &ExplainArgs, environment: &Environment) -> Result<Self, Failure> {
        let text = text(args, environment)?;
        let mut measured = None;
        let question = match text {
            None => None,
            Some(text) if args.measure => {
                measured = Some(of_topic(&text, args)?);
                Some(question(args, text))
            }
            Some(text) if args.words_only => Some(question(args, text)),
            Some(text) => {
                let (words, workload) = split_workload(&text);
                measured = workload.map(|workload| of_question(workload, args)).transpose()?;
                Some(question(args, if measured.is_some() { words } else { text }))
            }
        };
        Ok(ExplainSettings { question, measured, is_json: args.json })
    }
}

fn question(args: &ExplainArgs, text: String) -> Question {
    Question { text, class: args.class.map(Into::into), pattern: args.pattern.map(Into::into) }
}

/// Returns the words, what is piped in, or the last failure; `None` if there are none.
fn text(args: &ExplainArgs, environment: &Environment) -> Result<Option<String>, Failure> {
    if args.last {
        return match last_failure::read() {
            Some(text) => Ok(Some(text)),
            None => Err(Failure::Usage("no failure of an earlier run is known".to_owned())),
        };
    }
    let is_piped = args.words.is_empty() && !io::stdin().is_terminal();
    if is_piped || args.words == ["-"] {
        if is_silent(&io::stdin()) {
            environment.console.note("waiting for a question or an error on standard input");
        }
        let mut bytes = Vec::new();
        environment.stdin().read_to_end(&mut bytes).map_err(Failure::io("cannot read standard input"))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        return Ok(Some(text).filter(|text| !text.trim().is_empty()));
    }
    let text = args.words.join(" ");
    if text.trim().is_empty() && !args.words.is_empty() {
        return Err(Failure::Usage("the question is empty; `conc explain` lists the topics".to_owned()));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Returns true if nothing arrives for as long as a user waits without a doubt.
fn is_silent(input: &impl AsFd) -> bool {
    let mut waiting = [PollFd::new(input.as_fd(), PollFlags::POLLIN)];
    poll(&mut waiting, SILENCE_MS) == Ok(0)
}

/// Splits a question of one line into its words and the workload among them.
fn split_workload(text: &str) -> (String, Option<&str>) {
    let is_workload = |word: &&str| names_workload(word);
    let workload = text.split_whitespace().find(is_workload).filter(|_| text.trim().lines().count() == 1);
    let words: Vec<_> = text.split_whitespace().filter(|word| Some(*word) != workload).collect();
    (words.join(" "), workload)
}

/// Returns true for a callable such as `tasks.py:fetch` and for a workload file.
fn names_workload(word: &str) -> bool {
    let is_of_file = word.split_once(".py:").is_some_and(|(_, name)| !name.is_empty()) && is_callable(word);
    is_of_file || (word.ends_with(".toml") && Path::new(word).is_file())
}

fn of_question(workload: &str, args: &ExplainArgs) -> Result<MeasuredQuestion, Failure> {
    let advise = advise_args(&[workload.to_owned()], args)?;
    Ok(MeasuredQuestion { workload: workload.to_owned(), advise, is_of_topic: false, _programs: None })
}

fn of_topic(name: &str, args: &ExplainArgs) -> Result<MeasuredQuestion, Failure> {
    let unknown = || {
        let message =
            format!("'{name}' has no workload to measure; name a topic with a program, such as semaphore");
        Failure::Usage(message)
    };
    let workload = Topic::find(name.trim()).and_then(|topic| measured(topic.name)).ok_or_else(unknown)?;
    let (words, programs) =
        with_programs(workload).map_err(Failure::io("cannot write the program to measure"))?;
    let advise = advise_args(&words, args)?;
    Ok(MeasuredQuestion { workload: workload.join(" "), advise, is_of_topic: true, _programs: programs })
}

/// Returns the words of a topic's workload, with its program in a temporary directory.
fn with_programs(workload: MeasuredWorkload) -> io::Result<(Vec<String>, Option<TempDir>)> {
    let mut words: Vec<String> = workload.iter().map(|word| (*word).to_owned()).collect();
    let Some((file, callable)) = workload[0].split_once(':') else { return Ok((words, None)) };
    let directory = tempfile::tempdir()?;
    let path = directory.path().join(file);
    fs::write(&path, program(file).unwrap_or_default())?;
    words[0] = format!("{}:{callable}", path.display());
    Ok((words, Some(directory)))
}

/// Returns the arguments of `conc advise` for a workload.
fn advise_args(workload: &[String], args: &ExplainArgs) -> Result<Box<AdviseArgs>, Failure> {
    let options = [("--budget", &args.budget), ("--items", &args.items), ("--python", &args.python)];
    let given = options.into_iter().filter_map(|(name, value)| Some([name.to_owned(), value.clone()?]));
    let fixed = ["conc", "advise", "--code", "none"].map(str::to_owned);
    let line = fixed.into_iter().chain(given.flatten()).chain(workload.iter().cloned());
    match Cli::try_parse_from(line) {
        Ok(Cli { command: Command::Advise(args), .. }) => Ok(Box::new(args)),
        Ok(_) => Err(Failure::Usage("only advise measures a workload".to_owned())),
        Err(error) => {
            Err(Failure::Usage(error.to_string().trim_start_matches("error: ").trim_end().to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_is_found_among_the_words() {
        let split = |text: &'static str| split_workload(text);
        assert_eq!(
            split("threads or processes tasks.py:parse"),
            ("threads or processes".into(), Some("tasks.py:parse"))
        );
        assert_eq!(split("RuntimeError: no running event loop").1, None);
        assert_eq!(split("app.py:12: RuntimeWarning: coroutine 'f' was never awaited").1, None);
        assert_eq!(split("File \"tasks.py:parse\"\nsecond line").1, None);
    }
}
