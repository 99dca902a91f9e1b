//! The machine that a command runs on: this one, or the scripted one that `--simulate` names.

use std::fs;
use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::signals;
use crate::host::Host;
use crate::study::{Machine, Scenario, SimulatedMachine, this_machine};

/// The machine that a command runs on.
pub(crate) enum TargetMachine {
    /// This machine.
    Local,
    /// A scripted machine, on which nothing is run and no time passes.
    Simulated(Box<Scenario>),
}

impl TargetMachine {
    /// Returns the machine of a script, or this one without a script.
    pub(crate) fn read(script: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = script else { return Ok(TargetMachine::Local) };
        let text =
            fs::read_to_string(path).map_err(Failure::io(format!("cannot read '{}'", path.display())))?;
        let scenario = Scenario::parse(&text);
        let scenario = scenario.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))?;
        Ok(TargetMachine::Simulated(Box::new(scenario)))
    }

    /// Examines the machine.
    pub(crate) fn host(&self) -> Result<Host, Failure> {
        match self {
            TargetMachine::Simulated(scenario) => Ok(scenario.host()),
            TargetMachine::Local => Ok(this_machine()?),
        }
    }

    /// Makes the machine ready to run workloads; on this machine, signals end them.
    pub(crate) fn start(&self) -> Result<Box<dyn Machine>, Failure> {
        match self {
            TargetMachine::Local => Ok(Box::new(signals::guarded()?)),
            TargetMachine::Simulated(scenario) => SimulatedMachine::new(Scenario::clone(scenario))
                .map(|machine| Box::new(machine) as Box<dyn Machine>)
                .map_err(Failure::io("cannot simulate")),
        }
    }
}
