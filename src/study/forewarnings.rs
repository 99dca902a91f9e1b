//! Warnings that users need before anything runs, since running is what they are about.

use crate::diagnostics::Code;
use crate::report::document::{CommandName, Warning};
use crate::report::prose;
use crate::study::config::StudyConfig;
use crate::workload::Workload;
use crate::workload::input::{remote_hosts, whole_job};

/// Returns the warnings to give before `workload` runs as `config` asks.
pub(super) fn forewarnings(workload: &Workload, config: &StudyConfig) -> Vec<Warning> {
    let found = [whole(workload, config), repeated(workload, config), remote(workload, config)];
    found.into_iter().flatten().collect()
}

/// Returns true if configurations are measured, and not only a profile.
fn measures(config: &StudyConfig) -> bool {
    matches!(config.command, CommandName::Advise | CommandName::Bench) && !config.is_prediction()
}

fn whole(workload: &Workload, config: &StudyConfig) -> Option<Warning> {
    let job = whole_job(workload).filter(|_| config.command != CommandName::Profile)?;
    Some(Warning::new(Code::NoteWholeJob, prose::warnings::whole_job(&job, workload.tasks())))
}

/// Returns a warning if items run repeatedly, unless they run only once or a hook restores what they change.
fn repeated(workload: &Workload, config: &StudyConfig) -> Option<Warning> {
    let may_repeat = !config.once && config.hooks.prepare.is_none();
    if !may_repeat || !(workload.runs_commands() || workload.runs_python()) {
        return None;
    }
    let message = match config.command {
        CommandName::Advise => prose::warnings::REPEATED,
        CommandName::Bench => prose::warnings::REPEATED_IN_SUITE,
        CommandName::Profile => prose::warnings::REPEATED_IN_PROFILE,
        // A check says in its help how often it runs every task, and the others run nothing.
        _ => return None,
    };
    Some(Warning::new(Code::NoteRepeated, message))
}

/// Returns a warning if several widths will be tried on another machine without a limit.
fn remote(workload: &Workload, config: &StudyConfig) -> Option<Warning> {
    let is_bounded = workload.limits.max_in_flight.is_some() || workload.limits.rate_per_s.is_some();
    if is_bounded || !measures(config) {
        return None;
    }
    let hosts = remote_hosts(workload);
    (!hosts.is_empty()).then(|| Warning::new(Code::NoteRemote, prose::warnings::remote(&hosts)))
}
