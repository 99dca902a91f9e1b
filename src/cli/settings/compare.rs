//! Settings of `conc compare`.

use std::path::PathBuf;

use crate::gate::Thresholds;
use crate::study::FailPolicy;

use crate::cli::args::{CompareArgs, GateArgs, Language};
use crate::cli::failure::Failure;
use crate::cli::settings::environment::Environment;
use crate::cli::settings::output::OutputSettings;

/// Settings of `conc compare`.
pub(crate) struct CompareSettings {
    /// The file with the earlier results.
    pub(crate) before: PathBuf,
    /// The file with the later results.
    pub(crate) after: PathBuf,
    /// Allows results of different machines.
    pub(crate) allow_other_machine: bool,
    /// Largest changes that are ignored.
    pub(crate) thresholds: Thresholds,
    /// The verdicts that fail the run.
    pub(crate) fail_policy: FailPolicy,
    /// The output.
    pub(crate) output: OutputSettings,
}

impl CompareSettings {
    /// Resolves the arguments.
    ///
    /// # Errors
    /// When two formats are to go to the same place.
    pub(crate) fn resolve(args: &CompareArgs, environment: &Environment) -> Result<Self, Failure> {
        let threshold = args.gate.noise_threshold;
        Ok(CompareSettings {
            before: args.before.clone(),
            after: args.after.clone(),
            allow_other_machine: args.gate.allow_other_machine,
            thresholds: threshold.map_or_else(Thresholds::stored, |share| Thresholds::uniform(share.0)),
            fail_policy: resolve_fail_policy(&args.gate),
            output: OutputSettings::resolve(&args.output, Language::None, environment)?,
        })
    }
}

/// Returns the verdicts that fail the run.
pub(super) fn resolve_fail_policy(args: &GateArgs) -> FailPolicy {
    FailPolicy {
        fail_on_regression: args.fail_on_regression,
        fail_on_advice_change: args.fail_on_advice_change,
        fail_on_missing: args.fail_on_missing,
        strict: args.strict,
        allow_changed_outputs: args.allow_changed_outputs,
    }
}
