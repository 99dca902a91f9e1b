//! A workload made ready to run in this process.

use crate::workload::env::Env;
use crate::workload::item::Items;
use crate::workload::spec::Workload;
use crate::workload::step::{PrepareError, Step};

/// The prepared steps of a workload, with its items and limits.
#[derive(Debug)]
pub struct Program {
    items: Items,
    steps: Vec<Step>,
}

impl Program {
    /// Prepares every step.
    pub fn prepare(workload: &Workload, env: &Env) -> Result<Self, PrepareError> {
        let steps = workload
            .steps
            .iter()
            .enumerate()
            .map(|(i, spec)| {
                Step::prepare(spec, env).map_err(|message| PrepareError {
                    number: i + 1,
                    kind: spec.kind(),
                    message,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Program { items: workload.items.clone(), steps })
    }
}
