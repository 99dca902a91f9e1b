//! The width of `conc run`.

use crate::host::Host;
use crate::job::config::WidthChoice;
use crate::job::prior::Prior;
use crate::job::width::WidthConfig;
use crate::workload::Workload;

use crate::cli::args::{Jobs, RunArgs};
use crate::cli::failure::Failure;

/// The most commands at a time that `auto` comes to unless the user says more.
const WIDEST_UNASKED: usize = 64;

/// Returns the CPUs that the run may use.
pub(super) fn cpus(args: &RunArgs, host: &Host) -> f64 {
    args.on.engine.cpus.map_or(host.cpus_effective, |cpus| cpus as f64)
}

/// Returns the width: of a workload file, no more than the tasks in flight that it allows.
///
/// # Errors
/// When a fixed width is more than `--max-width` or the workload allows.
pub(super) fn resolve_width(
    args: &RunArgs,
    prior: &Prior,
    host: &Host,
    steps: Option<&Workload>,
) -> Result<WidthChoice, Failure> {
    let cpus = cpus(args, host);
    let allowed = steps.and_then(|workload| workload.limits.max_in_flight).unwrap_or(usize::MAX);
    let fixed = match args.width.jobs {
        Jobs::Number(width) => width,
        Jobs::Percent(percent) => ((cpus * percent / 100.0).round() as usize).max(1),
        Jobs::Auto => {
            let max = args.width.max_width.unwrap_or(WIDEST_UNASKED).min(allowed);
            let prior = prior.width();
            return Ok(WidthChoice::Auto(WidthConfig { cpus, max, prior }));
        }
    };
    if let Some(most) = args.width.max_width.filter(|most| fixed > *most) {
        return Err(Failure::Usage(format!("-j: {fixed} is more than --max-width {most}")));
    }
    if fixed > allowed {
        let message =
            format!("-j: the workload allows {allowed} tasks in flight (max_in_flight), not {fixed}");
        return Err(Failure::Usage(message));
    }
    Ok(WidthChoice::Fixed(fixed))
}
