//! Compares results, and decides how a command ends that compared some.

use crate::diagnostics::Code;
use crate::error::ExitStatus;
use crate::gate::drift::{Advised, drift};
use crate::gate::fingerprint::{Difference, Fingerprint};
use crate::gate::reason::GateReason;
use crate::gate::result::AdviceVerdict;
use crate::gate::stored::{self, Circumstances};
use crate::gate::{AdviceDrift, Comparison, Design, GateVerdict, Thresholds};
use crate::report::document::{BenchReport, Report};
use crate::workload::Workload;
use crate::workload::step::cpu::calibrate::Calibration;

use crate::cli::args::GateArgs;
use crate::cli::bench::suite_file;
use crate::cli::failure::Failure;

/// When a command that compares fails.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Demands {
    regression: bool,
    advice_change: bool,
    doubt: bool,
}

impl Demands {
    /// What the arguments or the suite's file demand.
    pub(crate) fn of(args: &GateArgs, file: suite_file::Gate) -> Self {
        Demands {
            regression: args.fail_on_regression || file.fail_on_regression,
            advice_change: args.fail_on_advice_change || file.fail_on_advice_change,
            doubt: args.strict || file.strict,
        }
    }

    /// The exit status, if results do not meet the demands.
    pub(crate) fn judge(self, report: &BenchReport) -> Option<ExitStatus> {
        let gates = || report.results.iter().filter_map(|result| result.gate.as_ref());
        let any = |verdict| gates().any(|gate| gate.verdict == verdict);
        let is_changed = |advice: AdviceDrift| advice.verdict == AdviceVerdict::Changed;
        let is_advice_changed = gates().any(|gate| gate.advice.is_some_and(is_changed));
        if (self.regression && any(GateVerdict::Regressed)) || (self.advice_change && is_advice_changed) {
            Some(ExitStatus::Regressed)
        } else if self.doubt && any(GateVerdict::Inconclusive) {
            Some(ExitStatus::Inconclusive)
        } else {
            None
        }
    }
}

/// What makes the machine of earlier results another one than that of later ones.
pub(crate) fn differences(before: &BenchReport, after: &BenchReport) -> Vec<Difference> {
    let print = |report: &BenchReport| {
        let profile = report.results.iter().filter_map(|result| result.profile.as_ref());
        let python = profile.filter_map(|profile| profile.python.as_ref()).next();
        Fingerprint::new(&report.host, &report.conc_version, python)
    };
    print(before).differences(&print(after))
}

/// Refuses results of another machine, unless that is allowed.
///
/// # Errors
/// `E-GATE-002`, with everything that differs.
pub(crate) fn check_machine(file: &str, differences: &[Difference], is_allowed: bool) -> Result<(), Failure> {
    if differences.is_empty() || is_allowed {
        return Ok(());
    }
    let told: Vec<String> = differences.iter().map(Difference::to_string).collect();
    Err(Failure::coded(Code::GateOtherMachine, format!("'{file}': {}", told.join("; "))))
}

/// Compares a workload with what an earlier run, told in `file`, gave of it.
pub(crate) fn compare(
    before: Option<&Report>,
    after: &Report,
    file: &str,
    thresholds: Thresholds,
    other_machine: bool,
) -> Comparison {
    let Some(before) = before else {
        return Comparison::impossible(Design::Stored, file, GateReason::NotInFile { file: file.to_owned() });
    };
    if before.workload.definition != after.workload.definition {
        let reason = GateReason::WorkloadChanged { file: file.to_owned() };
        return Comparison::impossible(Design::Stored, file, reason);
    }
    if let Some(reason) = other_interpreter(before, after).filter(|_| !other_machine) {
        return Comparison::impossible(Design::Stored, file, reason);
    }
    let comparison = match (&before.series, &after.series) {
        (Some(earlier), Some(current)) if earlier.cell == current.cell => {
            let circumstances = Circumstances { cpus_effective: after.host.cpus_effective, other_machine };
            stored::compare(earlier, current, circumstances, file, thresholds)
        }
        _ => {
            let recommended = before.recommendation.as_ref().map(|advice| advice.cell());
            stored::compare_cells(&before.cells, &after.cells, recommended, other_machine, file, thresholds)
        }
    };
    comparison.with_advice(advised(before).zip(advised(after)).map(|(before, after)| drift(before, after)))
}

/// What the interpreters are, if they are not the same.
fn other_interpreter(before: &Report, after: &Report) -> Option<GateReason> {
    let version = |report: &Report| Some(report.profile.as_ref()?.python.as_ref()?.version.clone());
    let (there, here) = version(before).zip(version(after))?;
    (there != here).then_some(GateReason::OtherInterpreter { there, here })
}

fn advised(report: &Report) -> Option<Advised<'_>> {
    Some(Advised {
        profile: report.profile.as_ref()?,
        recommended: report.recommendation.as_ref()?.cell(),
        cells: &report.cells,
    })
}

/// Makes the CPU steps of both sides do the same number of iterations for the same work: as many as an
/// earlier run did, or else as one calibration says.
pub(crate) fn do_the_same_work(
    workload: &mut Workload,
    other: Option<&mut Workload>,
    before: Option<&Report>,
) {
    // A workload that was changed since has work of its own to do.
    let same = before.filter(|report| report.workload.definition == workload.definition());
    if let Some(series) = same.and_then(|report| report.series.as_ref()) {
        workload.set_iterations(&series.iterations);
    }
    if let Some(other) = other {
        let mut calibration = Calibration::default();
        calibration.calibrate(workload);
        calibration.calibrate(other);
    }
}
