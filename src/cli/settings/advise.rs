//! Settings of `conc advise`.

use crate::host::Host;
use crate::report::document::CommandName;
use crate::study::StudyConfig;
use crate::workload::Workload;

use crate::cli::args::{AdviseArgs, Language};
use crate::cli::failure::Failure;
use crate::cli::settings::environment::Environment;
use crate::cli::settings::output::OutputSettings;
use crate::cli::settings::study::resolve_study;
use crate::cli::settings::workload::{check_once, resolve_workload};

/// Settings of `conc advise`.
pub(crate) struct AdviseSettings {
    /// The workload.
    pub(crate) workload: Workload,
    /// The configuration of its study.
    pub(crate) study: StudyConfig,
    /// The output.
    pub(crate) output: OutputSettings,
}

impl AdviseSettings {
    /// Resolves the arguments.
    ///
    /// # Errors
    /// When they contradict each other, or the workload is invalid.
    pub(crate) fn resolve(
        args: &AdviseArgs,
        host: &Host,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        let workload = resolve_workload(&args.workload, environment.stdin())?;
        let language = args.code.unwrap_or_else(|| default_language(&workload));
        let output = OutputSettings::resolve(&args.output, language, environment)?;
        if args.once {
            check_once(&workload)?;
        }
        let mut study = resolve_study(CommandName::Advise, &args.measure, &[], &args.hooks, host)?;
        study.once = args.once;
        study.python.clone_from(&args.workload.python.python);
        study.selection.variants = args.output.view.verbose;
        Ok(AdviseSettings { workload, study, output })
    }
}

/// Returns the language that is nearest to the user's own.
fn default_language(workload: &Workload) -> Language {
    if workload.runs_python() {
        Language::Python
    } else if workload.only_command().is_some() {
        Language::Shell
    } else {
        Language::Rust
    }
}
