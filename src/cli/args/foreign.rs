//! Options of xargs, GNU parallel and hyperfine that `conc` has not, each with what to write instead.

/// Some options of other tools with the same answer.
struct Foreign {
    /// The commands of `conc` that people give them to.
    commands: &'static [&'static str],
    options: &'static [&'static str],
    /// What to write instead.
    instead: &'static str,
}

const RUN: &[&str] = &["run"];
/// Commands that measure.
const MEASURING: &[&str] = &["advise", "bench", "profile"];

const FOREIGN: &[Foreign] = &[
    Foreign {
        commands: RUN,
        options: &["-P", "--max-procs"],
        instead: "-j N is the number of commands at a time",
    },
    Foreign {
        commands: RUN,
        options: &["-N", "-m", "-X", "-x", "-L", "-l", "-s", "--max-args", "--max-lines", "--xargs"],
        instead: "conc run passes one item to each command",
    },
    Foreign {
        commands: RUN,
        options: &["-I", "-J", "--replace"],
        instead: "{} stands for the item, and no other word can",
    },
    Foreign {
        commands: RUN,
        options: &["-d", "--delimiter"],
        instead: "an item is a line, or ends in a NUL byte with -0: `tr , '\\n' | conc run ...`",
    },
    Foreign {
        commands: RUN,
        options: &["-C", "--colsep", "--header", "--skip-first-line"],
        instead: "an item is a whole line; with --shell the command can split it",
    },
    Foreign {
        commands: RUN,
        options: &["--link", "--xapply"],
        instead: "items come from one list: `paste` makes one of two, and with --shell the command can split an item",
    },
    Foreign {
        commands: RUN,
        options: &[
            "-S",
            "--sshlogin",
            "--sshloginfile",
            "--slf",
            "--onall",
            "--nonall",
            "--trc",
            "--transfer",
        ],
        instead: "--on dask and --on slurm run on other machines",
    },
    Foreign {
        commands: RUN,
        options: &["--pipe", "--pipepart", "--pipe-part", "--block", "--spreadstdin"],
        instead: "conc run does not split its input: `split` makes files of it, which can be items",
    },
    Foreign {
        commands: RUN,
        options: &["--dry-run", "--dryrun", "-t", "--verbose", "-v", "-p", "--interactive"],
        instead: "put `echo` in front of the command to see what would run",
    },
    Foreign {
        commands: RUN,
        options: &["--bar", "--eta"],
        instead: "a bar is shown on a terminal, and --progress lines shows one line every ten seconds",
    },
    Foreign {
        commands: RUN,
        options: &["--delay"],
        instead: "--rate N starts at most N commands per second",
    },
    Foreign {
        commands: RUN,
        options: &["--load", "--noswap"],
        instead: "--max-pressure 40% starts nothing while the machine is busier than that",
    },
    Foreign {
        commands: RUN,
        options: &["--memsuspend"],
        instead: "--memory-free SIZE waits for free memory",
    },
    Foreign {
        commands: RUN,
        options: &["--wd", "--workdir"],
        instead: "commands run in the working directory: change it first",
    },
    Foreign { commands: RUN, options: &["--tmpdir"], instead: "set TMPDIR in the environment" },
    Foreign { commands: RUN, options: &["--env"], instead: "commands have the environment of conc" },
    Foreign {
        commands: RUN,
        options: &["--halt-on-error"],
        instead: "--halt soon,fail=1 or --halt now,fail=1",
    },
    Foreign {
        commands: RUN,
        options: &["--resume-failed"],
        instead: "--journal FILE --retry-failed runs what failed again, and the rest",
    },
    Foreign { commands: RUN, options: &["--tagstring"], instead: "--tag begins each line with its item" },
    Foreign {
        commands: RUN,
        options: &["--group"],
        instead: "output is grouped unless --line-buffer or -u is given",
    },
    Foreign { commands: RUN, options: &["--shuf"], instead: "items run in their order: `shuf` changes it" },
    Foreign {
        commands: RUN,
        options: &["-r", "--no-run-if-empty"],
        instead: "without items nothing is run anyway",
    },
    Foreign {
        commands: MEASURING,
        options: &["-m", "--min-runs", "-M", "--max-runs", "--min-benchmarking-time"],
        instead: "--budget TIME bounds the time for measuring, and --runs N fixes the number of rounds",
    },
    Foreign {
        commands: MEASURING,
        options: &["-P", "--parameter-scan", "-D", "--parameter-step-size"],
        instead: "write {width} in the command of conc advise, and list its numbers by --width 1-8",
    },
    Foreign {
        commands: MEASURING,
        options: &["-S", "-N"],
        instead: "no shell is involved unless --shell asks for sh",
    },
    Foreign {
        commands: MEASURING,
        options: &["-u", "--time-unit"],
        instead: "tables choose the unit, and JSON is in seconds",
    },
    Foreign {
        commands: &["profile"],
        options: &["--show-output"],
        instead: "--output inherit shows what the command prints",
    },
    Foreign {
        commands: &["advise", "bench"],
        options: &["--show-output", "--output", "--input"],
        instead: "commands read nothing, and only conc profile -- COMMAND can show their output (--output inherit)",
    },
    Foreign {
        commands: MEASURING,
        options: &["--command-name"],
        instead: "--name NAME is the name in the report",
    },
    Foreign { commands: MEASURING, options: &["--sort"], instead: "tables begin with the fastest" },
    Foreign {
        commands: MEASURING,
        options: &["-C", "--conclude"],
        instead: "--cleanup COMMAND runs after every batch",
    },
    Foreign {
        commands: MEASURING,
        options: &["--export-asciidoc", "--export-orgmode"],
        instead: "--export-markdown, --export-csv and --export-json are there",
    },
];

/// Separators of GNU parallel between a command and files or further lists.
const SEPARATORS: [&str; 3] = ["::::", ":::+", "::::+"];

/// Returns what to write instead of an option that a command refused, if another tool has it.
pub(super) fn instead(command: &str, option: &str) -> Option<String> {
    let known = |entry: &&Foreign| entry.commands.contains(&command) && entry.options.contains(&option);
    let entry = FOREIGN.iter().find(known)?;
    Some(format!("'{option}' is no option of conc {command}; {}", entry.instead))
}

/// Checks that no word of a command line is a separator that only GNU parallel has.
///
/// # Errors
/// A message, if there is one.
pub(super) fn check_separators(command_line: &[String]) -> Result<(), String> {
    match command_line.iter().find(|word| SEPARATORS.contains(&word.as_str())) {
        None => Ok(()),
        Some(word) if word == "::::" => {
            Err("':::: FILE' is of GNU parallel; write --items FILE before -- instead".to_owned())
        }
        Some(word) => Err(format!(
            "'{word}' is of GNU parallel; conc has one list of items, behind ::: or in --items FILE"
        )),
    }
}

/// Checks that no word of a command is the place of an item that only GNU parallel has.
///
/// # Errors
/// A message, if there is one.
pub(super) fn check_places(command: &[String]) -> Result<(), String> {
    match command.iter().find(|word| is_numbered_place(word)) {
        None => Ok(()),
        Some(word) => {
            Err(format!("'{word}' is of GNU parallel; conc has one list of items, and the item is {{}}"))
        }
    }
}

/// Returns true for `{1}`, `{2.}`, `{1/.}` and their like.
fn is_numbered_place(word: &str) -> bool {
    let inner = word.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    let sign = inner.trim_start_matches(|letter: char| letter.is_ascii_digit());
    sign.len() < inner.len() && ["", ".", "/", "//", "/."].contains(&sign)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::args::command_line::Cli;
    use crate::cli::args::slips::{RUNNING, option_of};

    #[test]
    fn no_option_of_the_command_itself_is_foreign() {
        for entry in FOREIGN {
            for (command, option) in
                entry.commands.iter().flat_map(|name| entry.options.iter().map(move |option| (name, option)))
            {
                assert!(RUNNING.contains(command), "{command}");
                let root = Cli::command();
                let is_own =
                    root.find_subcommand(command).is_some_and(|own| option_of(own, option).is_some());
                assert!(!is_own, "{command} {option}");
            }
        }
    }

    #[test]
    fn words_that_only_gnu_parallel_knows_are_no_arguments() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        for line in ["echo {} :::: list", "echo ::: a b :::+ c", "echo :::: a ::::+ b"] {
            assert!(check_separators(&words(line)).is_err(), "{line}");
        }
        assert_eq!(check_separators(&words("echo :: ::: a :::::")), Ok(()));
        for line in ["echo {1}", "gzip {2/.}", "gzip {1//}"] {
            assert!(check_places(&words(line)).is_err(), "{line}");
        }
        for line in ["grep a{2} {}", "awk {1+1} {#} {.}", "echo {} {1x} {/}"] {
            assert_eq!(check_places(&words(line)), Ok(()), "{line}");
        }
    }
}
