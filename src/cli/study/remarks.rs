//! What the user should know before the results are trusted.

use crate::benchmark::measure::Measured;
use crate::benchmark::plan::Plan;
use crate::benchmark::summary::findings;
use crate::diagnostics::Code;
use crate::profile::probe::Profiled;
use crate::report::document::Warning;
use crate::units::Share;
use crate::workload::fixture::Fixture;

use crate::cli::repetition;
use crate::cli::study::{PROFILE, Study};

/// The embedded server used this share of the CPUs: it competes with the workload.
const COMPETING: f64 = 0.10;

impl Study<'_> {
    pub(super) fn add_findings(&mut self, plan: &Plan, measured: &Measured, once: bool) {
        for finding in findings(measured) {
            self.warnings.push(Warning::new(finding.code, finding.message));
        }
        for refused in &plan.refused {
            self.warnings.push(Warning::new(refused.code, format!("{}: {}", refused.cell, refused.reason)));
        }
        if !once {
            self.warnings.extend(repetition::warnings(&self.workload));
        }
    }

    /// Ends the server and tells if it competed with the workload for the CPUs.
    pub(super) fn note_fixture(&mut self) {
        // An interrupt has ended it already, with everything else.
        let Some(Ok(stats)) = self.fixture.take().map(Fixture::stop) else { return };
        let share = stats.cpu_s / (self.measured + PROFILE).as_secs_f64() / self.host.cpus_effective;
        if share > COMPETING {
            let message = format!("the embedded server used {} of the CPUs", Share(share));
            self.warnings.push(Warning::new(Code::NoteFixtureCpu, message));
        }
    }

    pub(super) fn note_failures_of_profile(&mut self, profiled: &Profiled) {
        let counts = profiled.tally.counts;
        if counts.ok < counts.started() {
            let message =
                format!("{} of {} tasks did not end well", counts.started() - counts.ok, counts.started());
            self.warnings.push(Warning::new(Code::NoteFailures, message));
        }
    }
}
