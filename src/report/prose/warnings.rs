//! Warnings about a run.

use crate::units::Share;
use crate::workload::input::WholeJob;

/// Warning that items are run repeatedly, where items can also be run once.
pub(crate) const REPEATED: &str = "every item runs many times over; if that does harm, use --once (no item runs twice) \
     or --prepare (a command that restores the state before every batch)";

/// Warning that items are run repeatedly, where they cannot be run once.
pub(crate) const REPEATED_IN_SUITE: &str = "every item runs many times over; if that does harm, use --prepare (a \
     command that restores the state before every batch)";

/// Warning that a profile may run items repeatedly.
pub(crate) const REPEATED_IN_PROFILE: &str = "an item may run more than once; if that does harm, use --prepare (a \
     command that restores the state before the profile)";

/// Warning that files are read repeatedly.
pub(crate) const FROM_PAGE_CACHE: &str =
    "the same files were read many times, all but the first from the page cache";

/// Warning that the user interrupted a profile of a command.
pub(crate) const COMMAND_INTERRUPTED: &str =
    "the interrupt ended the command; the CPU time covers only what was observed until then";

/// Returns the warning that some tasks of the profile failed.
pub(crate) fn failed_in_profile(failed: u64, started: u64) -> String {
    format!("{failed} of {started} tasks failed")
}

/// Returns the warning that answers pointed elsewhere.
pub(crate) fn redirects(redirects: u64, started: u64) -> String {
    format!("{redirects} answers in {started} tasks were redirects (status 3xx), which conc does not follow")
}

/// Returns the reason why items that work only once cannot be measured.
pub(crate) fn items_consumed() -> &'static str {
    "every item worked once and failed when it ran again: the tasks use their items up"
}

/// Returns the warning that the embedded server used a share of the CPUs.
pub(crate) fn server_competes(share: f64) -> String {
    format!("the embedded server used {} of the CPUs", Share(share))
}

/// Returns the warning that tasks of other programs waited for a CPU before the run, for a share of the time.
pub(crate) fn busy_before(pressure: f64) -> String {
    format!("before the run, some task waited for a CPU {} of the time", Share(pressure))
}

/// Returns the warning that commands name other machines, which many tasks at once will reach.
pub(crate) fn remote(hosts: &[String]) -> String {
    let (what, pronoun) = match hosts {
        [] => return String::new(),
        [host] => (format!("'{host}' is not this machine"), "it"),
        [first, second] => (format!("'{first}' and '{second}' are not this machine"), "them"),
        [first, others @ ..] => {
            (format!("'{first}' and {} other hosts are not this machine", others.len()), "them")
        }
    };
    format!(
        "{what}, and several widths will be tried on {pronoun}; bound the load with --max-in-flight N (tasks at the \
         same time) or --rate N (attempts per second)"
    )
}

/// Returns the warning that every task of `tasks` is the whole job of a script.
pub(crate) fn whole_job(job: &WholeJob, tasks: u64) -> String {
    let script = &job.script;
    let what = format!("the command has no items, so each of the {tasks} tasks is the whole job of {script}");
    let Some(callable) = job.callables.first() else {
        let advice = "to measure its parts, write {} where the item goes and list the items behind :::";
        return format!("{what}; {advice}");
    };
    let guard = if job.runs_on_import {
        "; put what starts the job behind `if __name__ == \"__main__\":`"
    } else {
        ""
    };
    let others = match &job.callables[1..] {
        [] => String::new(),
        others => format!(" (or {})", others.join(", ")),
    };
    format!(
        "{what}; to measure its parts, name the callable inside: conc advise {callable} --items FILE{others}{guard}"
    )
}

/// Returns the warning that the module has only `items` items for the tasks asked for.
pub(crate) fn fewer_items(asked: u64, items: u64) -> String {
    format!("--tasks {asked}: the module has {items} items, and every item is one task: {items} tasks run")
}

/// Returns the warning that items that run only once are too few for wider configurations.
pub(crate) fn too_few_items(items: u64, widest: usize) -> String {
    format!("with --once, {items} items are enough for configurations up to {widest} wide")
}

/// Returns the warning that processes outlived the command by `seconds` and were killed.
pub(crate) fn left_behind(processes: u64, seconds: u64) -> String {
    match processes {
        1 => format!("1 process still ran {seconds} s after the command had ended, and was killed"),
        n => format!("{n} processes still ran {seconds} s after the command had ended, and were killed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_warning_has_its_sentence() {
        assert_eq!(failed_in_profile(2, 20), "2 of 20 tasks failed");
        assert_eq!(server_competes(0.31), "the embedded server used 31% of the CPUs");
        assert_eq!(busy_before(0.4), "before the run, some task waited for a CPU 40% of the time");
        assert_eq!(
            too_few_items(100, 8),
            "with --once, 100 items are enough for configurations up to 8 wide"
        );
        assert!(
            remote(&["a".into()])
                .starts_with("'a' is not this machine, and several widths will be tried on it;")
        );
        assert!(remote(&["a".into(), "b".into()]).starts_with("'a' and 'b' are not this machine, "));
        assert!(remote(&["a", "b", "c"].map(str::to_owned)).starts_with("'a' and 2 other hosts are not "));
        let job = |callables: &[&str], runs_on_import| WholeJob {
            script: "s.py".into(),
            callables: callables.iter().map(|name| (*name).to_owned()).collect(),
            runs_on_import,
        };
        let all = whole_job(&job(&["s.py:a", "s.py:b"], true), 20);
        assert!(
            all.starts_with("the command has no items, so each of the 20 tasks is the whole job of s.py; "),
            "{all}"
        );
        assert!(
            all.contains(": conc advise s.py:a --items FILE (or s.py:b); put what starts the job behind"),
            "{all}"
        );
        assert!(
            whole_job(&job(&[], false), 20)
                .ends_with("write {} where the item goes and list the items behind :::")
        );
        assert_eq!(
            fewer_items(10, 3),
            "--tasks 10: the module has 3 items, and every item is one task: 3 tasks run"
        );
        assert_eq!(left_behind(1, 5), "1 process still ran 5 s after the command had ended, and was killed");
        assert!(left_behind(2, 5).starts_with("2 processes still ran 5 s after"));
    }
}
