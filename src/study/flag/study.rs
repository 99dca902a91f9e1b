//! The search over a program's own flag, from its description to its report.

use std::time::Duration;

use crate::benchmark::event::{Event, Observer, Phase};
use crate::benchmark::finding::Finding;
use crate::benchmark::result::widening;
use crate::diagnostics::Code;
use crate::error::Error;
use crate::flag::conclude::conclude;
use crate::flag::run::{Searched, search};
use crate::host::Host;
use crate::policy::{BUSY_PRESSURE, CONTENDED};
use crate::report::document::{Report, Warning, WorkloadSummary};
use crate::report::prose;
use crate::study::flag::runner::CommandRunner;
use crate::study::flag::setup::FlagSetup;
use crate::study::run_guard::RunGuard;
use crate::workload::Workload;
use crate::workload::item::Items;

/// A search over a program's own flag on this machine.
pub(crate) struct FlagStudy<'m> {
    guard: &'m RunGuard,
    host: &'m Host,
    setup: &'m FlagSetup,
}

impl<'m> FlagStudy<'m> {
    /// Makes a study.
    pub(crate) fn new(guard: &'m RunGuard, host: &'m Host, setup: &'m FlagSetup) -> Self {
        FlagStudy { guard, host, setup }
    }

    /// Searches the values and recommends one.
    ///
    /// # Errors
    /// When a hook fails, the program fails with every value, or the user interrupts before anything ran.
    pub(crate) fn run(&self, observer: &mut dyn Observer) -> Result<Report, Error> {
        observer.observe(&Event::PhaseStarted(Phase::Preparing));
        let command = self.setup.command(self.host, self.setup.config.hooks.clone());
        let mut runner = CommandRunner::new(self.guard, command)?;
        let searched = search(self.setup.space(self.host), self.setup.settings(), &mut runner, observer)
            .map_err(|error| self.guard.explain(error))?;
        let mut report = self.report(&searched)?;
        report.warnings = self.warnings(&runner, searched.elapsed);
        report.profile = runner.profile();
        Ok(report)
    }

    fn report(&self, searched: &Searched) -> Result<Report, Error> {
        let FlagSetup { workload, question, config, .. } = self.setup;
        // The command is the whole work.
        let whole = Workload { items: Items::Count(1), ..workload.clone() };
        let summary = WorkloadSummary::of(&whole);
        let mut report = Report::new(config.command, self.host.clone(), summary);
        report.flag = Some(Box::new(conclude(question, searched).ok_or_else(Error::interrupted)?));
        Ok(report)
    }

    fn warnings(&self, runner: &CommandRunner<'_>, elapsed: Duration) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if let Some(pressure) = self.host.cpu_pressure.filter(|pressure| *pressure > BUSY_PRESSURE) {
            warnings.push(Warning::new(Code::HostContended, prose::warnings::busy_before(pressure)));
        }
        let others = runner.others_cpus().map_or(0.0, |cpus| cpus / self.host.cpus_effective);
        let mut findings = Vec::new();
        if others >= CONTENDED {
            findings.push(Finding::Contended { others, stolen: 0.0, widening: widening(Some(others)) });
        }
        if self.guard.interrupt().is_raised() {
            findings.push(Finding::Interrupted { elapsed_s: elapsed.as_secs_f64() });
        }
        let warning = |finding: &Finding| Warning::new(finding.code(), prose::findings::sentence(finding));
        warnings.extend(findings.iter().map(warning));
        warnings
    }
}
