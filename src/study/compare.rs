//! Compares reports of the same workload from different runs.

use crate::diagnostics::Code;
use crate::error::Error;
use crate::gate::advice_drift::{AdviceGiven, drift};
use crate::gate::fingerprint::{MachineDifference, MachineFingerprint};
use crate::gate::reason::GateReason;
use crate::gate::stored::{self, RunCircumstances};
use crate::gate::{Comparison, ComparisonDesign, Thresholds};
use crate::host::Interrupt;
use crate::report::document::{BenchReport, Report};
use crate::workload::Workload;
use crate::workload::step::cpu::calibrate::Calibration;

/// Returns the differences between the machines of two results.
pub(crate) fn differences(before: &BenchReport, after: &BenchReport) -> Vec<MachineDifference> {
    let print = |report: &BenchReport| {
        let profile = report.results.iter().filter_map(|result| result.profile.as_ref());
        let python = profile.filter_map(|profile| profile.python.as_ref()).next();
        MachineFingerprint::new(&report.host, &report.conc_version, python)
    };
    print(before).differences(&print(after))
}

/// Refuses results of another machine, unless they are allowed.
///
/// # Errors
/// `E-GATE-002`, with everything that differs.
pub(crate) fn check_machine(
    file: &str,
    differences: &[MachineDifference],
    is_allowed: bool,
) -> Result<(), Error> {
    if differences.is_empty() || is_allowed {
        return Ok(());
    }
    let listed: Vec<String> = differences.iter().map(MachineDifference::to_string).collect();
    Err(Error::new(Code::GateOtherMachine, format!("'{file}': {}", listed.join("; "))))
}

/// Compares a report with the report of the same workload from an earlier run, stored in `file`.
pub(crate) fn compare_reports(
    before: Option<&Report>,
    after: &Report,
    file: &str,
    thresholds: Thresholds,
    other_machine: bool,
) -> Comparison {
    let Some(before) = before else {
        return Comparison::impossible(
            ComparisonDesign::Stored,
            file,
            GateReason::NotInFile { file: file.to_owned() },
        );
    };
    if before.workload.definition != after.workload.definition {
        let reason = GateReason::WorkloadChanged { file: file.to_owned() };
        return Comparison::impossible(ComparisonDesign::Stored, file, reason);
    }
    if let Some(reason) = other_interpreter(before, after).filter(|_| !other_machine) {
        return Comparison::impossible(ComparisonDesign::Stored, file, reason);
    }
    let comparison = match (&before.series, &after.series) {
        (Some(earlier), Some(current)) if earlier.cell == current.cell => {
            let circumstances = RunCircumstances { cpus_effective: after.host.cpus_effective, other_machine };
            let comparison = stored::compare(earlier, current, circumstances, file, thresholds);
            comparison.with_outcomes(current.outcomes.as_ref(), earlier.outcomes.as_ref())
        }
        _ => {
            let recommended = before.recommendation.as_ref().map(|advice| advice.cell());
            stored::compare_cells(&before.cells, &after.cells, recommended, other_machine, file, thresholds)
        }
    };
    comparison.with_advice(advised(before).zip(advised(after)).map(|(before, after)| drift(before, after)))
}

/// Returns the difference between the interpreters of two reports, if there is one.
fn other_interpreter(before: &Report, after: &Report) -> Option<GateReason> {
    let version = |report: &Report| Some(report.profile.as_ref()?.python.as_ref()?.version.clone());
    let (there, here) = version(before).zip(version(after))?;
    (there != here).then_some(GateReason::OtherInterpreter { there, here })
}

fn advised(report: &Report) -> Option<AdviceGiven<'_>> {
    Some(AdviceGiven {
        profile: report.profile.as_ref()?,
        recommended: report.recommendation.as_ref()?.cell(),
        cells: &report.cells,
    })
}

/// Gives the `cpu` steps of both sides the same number of iterations for the same work: that of an earlier
/// run of the same workload, or else that of one calibration for both.
pub(super) fn equalise_work(
    workload: &mut Workload,
    other: Option<&mut Workload>,
    before: Option<&Report>,
    interrupt: &Interrupt,
) {
    // The iterations of a workload that has changed since do not apply.
    let same = before.filter(|report| report.workload.definition == workload.definition());
    if let Some(series) = same.and_then(|report| report.series.as_ref()) {
        workload.set_iterations(&series.iterations);
    }
    if let Some(other) = other {
        let mut calibration = Calibration::until(interrupt);
        calibration.calibrate(workload);
        calibration.calibrate(other);
    }
}
