//! What a shell offers for a word: samples, strategies, topics, codes, and columns of a file.
//!
//! The script of `conc completions` asks `conc` itself, by the variable [`ASKED`], so that the words are those of the
//! version that is installed and of the files at hand.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use clap::Command;
use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::{CompleteEnv, Shells};

use crate::diagnostics::Code;
use crate::explain::topic::TOPICS;
use crate::report::fit::read::column_names;
use crate::strategy::StrategyKind;
use crate::workload::input::samples;

/// The environment variable in which the script names the shell that asks.
const ASKED: &str = "CONC_COMPLETE";

/// Maximum size of a file whose columns are offered, in bytes: a larger one takes longer than a user waits.
const MAX_FILE: u64 = 16 << 20;

/// Answers a shell that asks for words of a command line, on standard output; false if none does.
pub(crate) fn answer(command_line: fn() -> Command) -> clap::error::Result<bool> {
    let directory = std::env::current_dir().ok();
    CompleteEnv::with_factory(command_line)
        .var(ASKED)
        .bin("conc")
        .try_complete(std::env::args_os(), directory.as_deref())
}

/// Returns the script that makes a shell ask; `None` for a shell that is not known.
pub(crate) fn script(shell: &str) -> Option<String> {
    let mut script = Vec::new();
    let shells = Shells::builtins();
    shells.completer(shell)?.write_registration(ASKED, "conc", "conc", "conc", &mut script).ok()?;
    String::from_utf8(script).ok()
}

/// Offers samples, and files.
pub(super) fn workloads(current: &OsStr) -> Vec<CompletionCandidate> {
    let samples = samples().iter().map(|sample| candidate(sample.name, "sample workload"));
    starting_with(samples, current).into_iter().chain(PathCompleter::any().complete(current)).collect()
}

/// Offers strategies.
pub(super) fn strategies(current: &OsStr) -> Vec<CompletionCandidate> {
    starting_with(
        StrategyKind::ALL.map(|kind| candidate(kind.as_str(), kind.info().help.what)).into_iter(),
        current,
    )
}

/// Offers topics, strategies and codes.
pub(super) fn explained(current: &OsStr) -> Vec<CompletionCandidate> {
    let topics = TOPICS.iter().map(|topic| candidate(topic.name, topic.summary()));
    let strategies = StrategyKind::ALL.map(|kind| candidate(kind.as_str(), "strategy")).into_iter();
    let codes = Code::ALL.iter().map(|code| candidate(code.as_str(), code.entry().title));
    starting_with(topics.chain(strategies).chain(codes), current)
}

/// Offers the names of the columns of the first file on the command line.
pub(super) fn columns(current: &OsStr) -> Vec<CompletionCandidate> {
    let is_small =
        |path: &Path| fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= MAX_FILE);
    // The first word is the path of the program itself.
    let file =
        std::env::args_os().skip(1).skip_while(|word| word != "fit").find(|word| is_small(Path::new(word)));
    let names = file.and_then(|file| fs::read(file).ok()).map(column_names).unwrap_or_default();
    starting_with(names.iter().map(|name| candidate(name, "column")), current)
}

fn candidate(word: &str, meaning: &str) -> CompletionCandidate {
    CompletionCandidate::new(word).help(Some(meaning.to_owned().into()))
}

fn starting_with(
    candidates: impl Iterator<Item = CompletionCandidate>,
    current: &OsStr,
) -> Vec<CompletionCandidate> {
    let start = current.as_encoded_bytes();
    candidates.filter(|candidate| candidate.get_value().as_encoded_bytes().starts_with(start)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(words: &[CompletionCandidate]) -> Vec<String> {
        words.iter().map(|word| word.get_value().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn words_that_begin_alike_are_offered_with_their_meaning() {
        assert!(offered(&workloads(OsStr::new("web-s"))).contains(&"web-scraper".to_owned()));
        assert_eq!(offered(&strategies(OsStr::new("asy"))), ["async"]);
        let codes = offered(&explained(OsStr::new("E-FIT")));
        assert_eq!(codes, ["E-FIT-001"]);
        let topics = explained(OsStr::new("semap"));
        assert_eq!(offered(&topics), ["semaphore"]);
        assert!(topics[0].get_help().is_some());
    }

    #[test]
    fn every_shell_has_a_script() {
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            let script = script(shell).unwrap_or_else(|| panic!("{shell}"));
            assert!(script.contains(ASKED) && script.contains("conc"), "{shell}: {script}");
        }
        assert_eq!(script("csh"), None);
    }
}
