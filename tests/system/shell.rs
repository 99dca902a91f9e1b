//! Shell lines with items, run by a real shell.

use std::process::Command;

use conc::internal::{Items, StepSpec, from_command};

/// Runs a line for one item, by the step that `--shell` makes of the line.
fn run(line: &str, item: &str) -> String {
    let items = Items::List([item.to_owned()].into());
    let workload = from_command(&[line.to_owned()], Some(items), None, true, false).expect("a workload");
    let [StepSpec::Command(step)] = &workload.steps[..] else { panic!("one command: {workload:?}") };
    let argv: Vec<_> = step.argv.iter().map(|word| word.replace("{item}", item)).collect();
    let output = Command::new(&argv[0]).args(&argv[1..]).output().expect("sh runs");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn an_item_is_never_interpreted_whatever_quotes_surround_it() {
    let item = "a'b\"c; echo $(echo gone) `echo gone` \\ *";
    for line in [
        "printf %s {item}",
        "printf %s \"{item}\"",
        "printf %s '{item}'",
        "printf %s%s \"\" {item}",
        "printf %s \\{item}",
        "printf %s \"\\{item}\"",
        "printf %s \"\\\"\"{item} | cut -c2-",
    ] {
        assert_eq!(run(line, item).trim_end(), item, "{line}");
    }
}

#[test]
fn the_line_itself_is_a_shell_line() {
    assert_eq!(run("echo {item} | tr a-z A-Z && echo '{item}' done", "x y"), "X Y\nx y done\n");
}
