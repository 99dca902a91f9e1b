//! A workload from a command line: `conc advise -- program {} ::: a b c`.

use std::path::Path;

use crate::diagnostics::Code;
use crate::workload::input::executable;
use crate::workload::input::input_error::InputError;
use crate::workload::input::shell::shell_argv;
use crate::workload::item::Items;
use crate::workload::spec::{CommandSpec, StepSpec, Workload, WorkloadSource};
use crate::workload::template::PLACEHOLDER;

/// Number of runs of a command without items or a number of tasks.
///
/// The number is large enough to compare strategies, and small enough for a command that takes a second.
pub(crate) const DEFAULT_TASKS: u64 = 20;

/// The placeholder of the item on a command line, as in GNU parallel and xargs.
const BRACES: &str = "{}";

/// The separator between the command and its items, as in GNU parallel.
const SEPARATOR: &str = ":::";

/// Makes a workload of one command.
///
/// Items come from behind `:::` in `argv` or from `items`; without either the command is repeated
/// `tasks` times, or [`DEFAULT_TASKS`] times. `{}` and `{item}` stand for the item; a command with
/// items and neither of them gets the item as its last argument. Where there are neither items nor
/// `tasks`, `{}` belongs to the command, as in `find . -exec echo {} \;`. With `shell` the arguments are
/// joined into one line for `sh`, in which an item is always one word, never syntax.
///
/// # Errors
///
/// `E-WORKLOAD-009` if there is no command or it cannot be run, `-003` if items are given twice,
/// `-004` or `-005` if there are none.
pub fn from_command(
    argv: &[String],
    items: Option<Items>,
    tasks: Option<u64>,
    shell: bool,
    ignore_failure: bool,
) -> Result<Workload, InputError> {
    let (command, listed) = split(argv)?;
    let first = command.first().ok_or_else(|| {
        InputError::new(Code::WorkloadCommand, "there is no command")
            .with_help("write it after --, as in `conc advise -- sleep 0.1`")
    })?;
    let given = choose(items, listed)?;
    let has_items = given.is_some() || tasks.is_some();
    let word = |word: &String| if has_items { word.replace(BRACES, PLACEHOLDER) } else { word.clone() };
    let mut words: Vec<_> = command.iter().map(word).collect();
    if given.is_some() && !words.iter().any(|word| word.contains(PLACEHOLDER)) {
        words.push(PLACEHOLDER.to_owned());
    }
    if !shell {
        executable::check(&words[0])?;
    }
    let argv = if shell { shell_argv(&words.join(" ")) } else { words };
    Ok(Workload {
        description: command.join(" "),
        ..Workload::new(
            name_of(first),
            WorkloadSource::Command,
            count(given, tasks)?,
            vec![StepSpec::Command(CommandSpec { argv, ignore_failure })],
        )
    })
}

/// Splits the command from the items behind `:::`.
pub(super) fn split(argv: &[String]) -> Result<(&[String], Option<&[String]>), InputError> {
    let twice = |what| {
        InputError::new(Code::WorkloadValue, what).with_help("list all items behind one :::, or use --items")
    };
    if argv.iter().any(|word| word == "::::") {
        return Err(twice(":::: is not understood"));
    }
    match argv.iter().position(|word| word == SEPARATOR) {
        None => Ok((argv, None)),
        Some(at) if argv[at + 1..].iter().any(|word| word == SEPARATOR) => {
            Err(twice("::: is given more than once"))
        }
        Some(at) => Ok((&argv[..at], Some(&argv[at + 1..]))),
    }
}

/// Returns the items, which are given at most once.
pub(super) fn choose(items: Option<Items>, listed: Option<&[String]>) -> Result<Option<Items>, InputError> {
    let chosen = match (items, listed) {
        (Some(_), Some(_)) => {
            let message = "items are given twice, by --items and behind :::";
            return Err(InputError::new(Code::WorkloadValue, message));
        }
        (items, None) => items,
        (None, Some(listed)) => Some(Items::List(listed.to_vec())),
    };
    match chosen {
        Some(items) if items.is_empty() => {
            Err(InputError::new(Code::WorkloadItems, "there are no items behind :::"))
        }
        chosen => Ok(chosen),
    }
}

/// Returns the items that the tasks run over.
pub(super) fn count(given: Option<Items>, tasks: Option<u64>) -> Result<Items, InputError> {
    match (given, tasks) {
        (Some(_), Some(_)) => {
            let message = "a number of tasks and items are both given";
            Err(InputError::new(Code::WorkloadValue, message).with_help("there is one task per item"))
        }
        (_, Some(0)) => Err(InputError::new(Code::WorkloadEmpty, "there are no tasks")),
        (Some(items), None) => Ok(items),
        (None, tasks) => Ok(Items::Count(tasks.unwrap_or(DEFAULT_TASKS))),
    }
}

/// Returns the program without its directory; of a shell line, its first word.
fn name_of(program: &str) -> String {
    let word = program.split_whitespace().next().unwrap_or(program);
    let name = Path::new(word).file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn command(line: &str) -> Result<Workload, InputError> {
        from_command(&words(line), None, None, false, false)
    }

    fn argv(workload: &Workload) -> Vec<&str> {
        match &workload.steps[..] {
            [StepSpec::Command(spec)] => spec.argv.iter().map(String::as_str).collect(),
            other => panic!("one command, not {other:?}"),
        }
    }

    fn list(items: &[&str]) -> Items {
        Items::List(items.iter().map(|item| (*item).to_owned()).collect())
    }

    #[test]
    fn items_follow_three_colons_and_replace_braces() {
        let workload = command("echo -n {}.png {} ::: a b c").expect("a valid command");
        assert_eq!(argv(&workload), ["echo", "-n", "{item}.png", "{item}"]);
        assert_eq!(workload.items, list(&["a", "b", "c"]));
        assert_eq!((workload.name.as_str(), workload.source), ("echo", WorkloadSource::Command));
        assert_eq!(workload.description, "echo -n {}.png {}");
    }

    #[test]
    fn an_item_without_a_place_is_the_last_argument() {
        assert_eq!(argv(&command("echo x ::: a").expect("a valid command")), ["echo", "x", "{item}"]);
        let literal = command("echo {item} x ::: a").expect("a valid command");
        assert_eq!(argv(&literal), ["echo", "{item}", "x"]);
    }

    #[test]
    fn a_command_that_is_repeated_gets_no_item() {
        let workload = command("echo x").expect("a valid command");
        assert_eq!((argv(&workload), &workload.items), (vec!["echo", "x"], &Items::Count(DEFAULT_TASKS)));
        let workload = from_command(&words("echo {}"), None, Some(5), false, true).expect("valid");
        assert_eq!((argv(&workload), &workload.items), (vec!["echo", "{item}"], &Items::Count(5)));
        assert!(matches!(&workload.steps[0], StepSpec::Command(spec) if spec.ignore_failure));
    }

    #[test]
    fn braces_without_items_belong_to_the_command() {
        for line in ["find . -exec echo got {} ;", "awk {}", "xargs -I{} echo {}.png"] {
            assert_eq!(argv(&command(line).expect("a valid command")).join(" "), line);
        }
        let line = ["for i in 1 2; do echo ${i} {}; done".to_owned()];
        let shell = from_command(&line, None, None, true, false).expect("valid");
        assert_eq!(argv(&shell), ["sh", "-c", line[0].as_str()]);
    }

    #[test]
    fn items_may_come_from_elsewhere() {
        let workload = from_command(&words("echo"), Some(list(&["a"])), None, false, false).expect("valid");
        assert_eq!((argv(&workload), &workload.items), (vec!["echo", "{item}"], &list(&["a"])));
    }

    #[test]
    fn a_shell_line_gets_its_item_as_a_parameter() {
        let workload = from_command(&words("echo {} | wc -c ::: a"), None, None, true, false).expect("valid");
        assert_eq!(argv(&workload), ["sh", "-c", "echo \"${1}\" | wc -c", "sh", "{item}"]);
        let whole =
            from_command(&["a | b".to_owned()], Some(list(&["x"])), None, true, false).expect("valid");
        assert_eq!(argv(&whole), ["sh", "-c", "a | b \"${1}\"", "sh", "{item}"]);
        assert_eq!(whole.name, "a");
    }

    #[test]
    fn what_cannot_be_run_is_refused_at_once() {
        let code = |result: Result<Workload, InputError>| result.expect_err("refused").code;
        let with = |items, tasks| from_command(&words("echo {}"), items, tasks, false, false);
        assert_eq!(code(command("no-such-program-anywhere x")), Code::WorkloadCommand);
        assert_eq!(code(command("::: a")), Code::WorkloadCommand);
        assert_eq!(code(from_command(&[], None, None, false, false)), Code::WorkloadCommand);
        assert_eq!(code(command("echo ::: a ::: b")), Code::WorkloadValue);
        assert_eq!(code(command("echo :::: list.txt")), Code::WorkloadValue);
        assert_eq!(code(command("echo :::")), Code::WorkloadItems);
        assert_eq!(code(with(Some(list(&["a"])), Some(3))), Code::WorkloadValue);
        assert_eq!(code(with(None, Some(0))), Code::WorkloadEmpty);
        let twice = from_command(&words("echo ::: a"), Some(list(&["b"])), None, false, false);
        assert_eq!(code(twice), Code::WorkloadValue);
    }

    #[test]
    fn a_program_that_depends_on_the_item_is_not_looked_for() {
        assert_eq!(argv(&command("{} --version ::: a b").expect("valid"))[0], "{item}");
    }
}
