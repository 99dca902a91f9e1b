//! Warnings about a run.

use crate::units::Share;

/// Warning that commands are run for the same items repeatedly.
pub(crate) const REPEATED: &str = "every item was run many times";

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
        assert_eq!(left_behind(1, 5), "1 process still ran 5 s after the command had ended, and was killed");
        assert!(left_behind(2, 5).starts_with("2 processes still ran 5 s after"));
    }
}
