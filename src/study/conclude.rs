//! The last stage: the report, with the warnings that limit the trust in its results.

use std::time::Duration;

use crate::diagnostics::Code;
use crate::report::document::Report;
use crate::report::prose;
use crate::study::measure::MeasuredStudy;
use crate::study::profile::PROFILE_TIME;
use crate::study::state::StudyState;

/// Minimum share of the CPUs at which the embedded server competes with the workload.
const SERVER_COMPETES: f64 = 0.10;

impl MeasuredStudy<'_> {
    /// Ends the study and returns its report.
    pub fn conclude(self) -> Report {
        let MeasuredStudy { mut state, report, batch_time, .. } = self;
        state.warn_of_server(batch_time + PROFILE_TIME);
        Report { warnings: state.warnings, ..report }
    }
}

impl StudyState<'_> {
    /// Ends the embedded server and warns if it competed with the workload for the CPUs during `time`.
    fn warn_of_server(&mut self, time: Duration) {
        let Some(stats) = self.backend.stop_server() else { return };
        let share = stats.cpu_s / time.as_secs_f64() / self.host.cpus_effective;
        if share > SERVER_COMPETES {
            self.warn(Code::NoteFixtureCpu, prose::warnings::server_competes(share));
        }
    }
}
