//! Settings of `conc advise`.

use crate::host::Host;
use crate::report::document::CommandName;
use crate::study::StudyConfig;
use crate::study::flag::FlagSetup;
use crate::workload::Workload;

use crate::cli::args::{AdviseArgs, Language};
use crate::cli::failure::Failure;
use crate::cli::settings::environment::Environment;
use crate::cli::settings::flag::{FlagRequest, resolve_flag};
use crate::cli::settings::output::OutputSettings;
use crate::cli::settings::study::resolve_study;
use crate::cli::settings::workload::{check_once, check_python, resolve_workload};

/// Settings of `conc advise`.
pub(crate) struct AdviseSettings {
    /// The workload.
    pub(crate) workload: Workload,
    /// The configuration of its study.
    pub(crate) study: StudyConfig,
    /// The search over a program's own flag, if the command has one; the study is not made then.
    pub(crate) flag: Option<FlagSetup>,
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
        let mut workload = resolve_workload(&args.workload, environment.stdin())?;
        // An engine takes commands, too, through a client in an interpreter.
        if args.engine.on.is_none() {
            check_python(&workload, args.workload.python.python.as_deref())?;
        }
        let language = args.code.unwrap_or_else(|| default_language(&workload));
        let output = OutputSettings::resolve(&args.output, language, environment)?;
        if args.once {
            check_once(&workload)?;
        }
        let mut study = resolve_study(CommandName::Advise, &args.measure, &[], &args.hooks, host)?;
        study.once = args.once;
        study.python.clone_from(&args.workload.python.python);
        study.selection.variants = args.output.view.verbose;
        let flag = resolve_flag(
            &mut workload,
            &FlagRequest {
                flag: &args.flag,
                workload: &args.workload,
                measure: &args.measure,
                wants_reference: args.reference,
                budget: args.measure.budget,
            },
            &study,
        )?;
        if flag.is_some() && args.once {
            let message = "--once does not go with {width}: every measurement runs the whole command";
            return Err(Failure::Usage(message.to_owned()));
        }
        Ok(AdviseSettings { workload, study, flag, output })
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
