//! The machine that a command runs on: this one, or the scripted one that `--simulate` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::cli::failure::Failure;
use crate::cli::settings::typed_words;
use crate::cli::signals;
use crate::host::Host;
use crate::report::invocation::Invocation;
use crate::study::{Machine, Scenario, SimulatedMachine, this_machine};

/// The machine that a command runs on.
pub(crate) enum TargetMachine {
    /// This machine.
    Local,
    /// A scripted machine, on which nothing is run and no time passes.
    Simulated {
        /// The script.
        scenario: Box<Scenario>,
        /// The file that the script was read from.
        path: PathBuf,
    },
}

impl TargetMachine {
    /// Returns the machine of a script, or this one without a script.
    pub(crate) fn read(script: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = script else { return Ok(TargetMachine::Local) };
        let text =
            fs::read_to_string(path).map_err(Failure::io(format!("cannot read '{}'", path.display())))?;
        let scenario = Scenario::parse(&text);
        let scenario = scenario.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
        Ok(TargetMachine::Simulated { scenario: Box::new(scenario), path: path.to_owned() })
    }

    /// Returns the options that choose this machine.
    pub(crate) fn options(&self) -> Vec<String> {
        match self {
            TargetMachine::Local => Vec::new(),
            // A command may run in another directory.
            TargetMachine::Simulated { path, .. } => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                vec![format!("--simulate={}", path.display())]
            }
        }
    }

    /// Describes the run that begins now; `None` on a scripted machine, where no time passes.
    pub(crate) fn invocation(&self) -> Option<Invocation> {
        match self {
            TargetMachine::Local => Some(Invocation::new(typed_words(), SystemTime::now())),
            TargetMachine::Simulated { .. } => None,
        }
    }

    /// Examines the machine.
    pub(crate) fn host(&self) -> Result<Host, Failure> {
        match self {
            TargetMachine::Simulated { scenario, .. } => Ok(scenario.host()),
            TargetMachine::Local => Ok(this_machine()?),
        }
    }

    /// Makes the machine ready to run workloads; on this machine, signals end them.
    pub(crate) fn start(&self) -> Result<Box<dyn Machine>, Failure> {
        match self {
            TargetMachine::Local => Ok(Box::new(signals::guarded()?)),
            TargetMachine::Simulated { scenario, .. } => SimulatedMachine::new(Scenario::clone(scenario))
                .map(|machine| Box::new(machine) as Box<dyn Machine>)
                .map_err(Failure::io("cannot simulate")),
        }
    }
}
