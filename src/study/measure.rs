//! The third stage: the configurations measured, or predicted, and the recommendation.

use std::time::Duration;

use crate::advice::verdict::Basis;
use crate::advice::{
    AdviceInput, Facts, Model, Note, Recommendation, decide, recommend, recommend_predicted,
};
use crate::benchmark::conditions::Subject;
use crate::benchmark::event::Observer;
use crate::benchmark::hooks::Hooked;
use crate::benchmark::measure::{Measured, Measurement};
use crate::benchmark::once::{Once, Slices};
use crate::benchmark::plan::Plan;
use crate::benchmark::record::CellRecord;
use crate::benchmark::reference;
use crate::benchmark::summary::{findings, predictions, results, unrun};
use crate::benchmark::{Configuration, ConfigurationResult};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::profile::tasks::Profiled;
use crate::report::document::Report;
use crate::report::prose;
use crate::study::code_example::{StudyFacts, code_examples};
use crate::study::profile::ProfiledStudy;
use crate::study::repeated_items;
use crate::study::state::StudyState;
use crate::workload::outputs::{Outputs, UsedElsewhere};

/// A workload whose configurations were measured or predicted, and the recommendation.
pub struct MeasuredStudy<'m> {
    pub(super) state: StudyState<'m>,
    pub(super) profiled: Profiled,
    pub(super) report: Report,
    /// Time that batches have taken so far.
    pub(super) batch_time: Duration,
    /// Time from the plan to the recommendation.
    pub(super) search_time: Duration,
}

impl<'m> MeasuredStudy<'m> {
    /// Returns a study of which nothing but the profile is known, to repeat one configuration.
    pub(super) fn unsearched(profiled: ProfiledStudy<'m>) -> Self {
        let ProfiledStudy { state, profiled, .. } = profiled;
        let report = state.empty_report(state.config.command);
        MeasuredStudy { state, profiled, report, batch_time: Duration::ZERO, search_time: Duration::ZERO }
    }
}

impl<'m> ProfiledStudy<'m> {
    /// Measures the configurations, or predicts them, and recommends one.
    ///
    /// # Errors
    /// When none of the configurations asked for can be measured, or a hook fails.
    pub fn measure(mut self, observer: &mut dyn Observer) -> Result<MeasuredStudy<'m>, Error> {
        if let Some(cpus) = self.state.config.assumed_cpus() {
            self.assume(cpus);
        }
        let clock = self.state.backend.clock();
        let plan = self.plan()?;
        let mut report = self.state.empty_report(self.state.config.command);
        let is_prediction = self.state.config.is_prediction();
        let mut batch_time = Duration::ZERO;
        let mut believed = Vec::new();
        if is_prediction {
            report.cells = predictions(&plan);
        } else {
            let measured = self.run_plan(&plan, observer)?;
            batch_time = measured.elapsed;
            self.warn_of_findings(&plan, &measured);
            report.cells = results(&plan, &measured);
            believed = unrun(&plan, &measured);
        }
        report.recommendation = self.recommendation(&report.cells, &believed);
        // What is recommended is among the cells, even if it was not run.
        let recommended = report.recommendation.as_ref().map(Recommendation::cell);
        report.cells.extend(believed.into_iter().filter(|result| Some(result.cell) == recommended));
        report.cells.sort_by_key(|result| result.cell);
        let measured_choice = report.recommendation.as_ref().filter(|choice| choice.basis == Basis::Measured);
        report.model = measured_choice.map(|choice| Model::of_cells(&report.cells, choice.cell()));
        let ProfiledStudy { state, profiled, .. } = self;
        report.profile = Some(profiled.profile.clone());
        Ok(MeasuredStudy { state, profiled, report, batch_time, search_time: clock.elapsed() })
    }

    /// Continues as if the machine had this many CPUs.
    fn assume(&mut self, cpus: f64) {
        let ProfiledStudy { state, conditions, .. } = self;
        (state.host, *conditions) = conditions.assume_cpus(&state.host, cpus);
    }

    /// Plans the configurations, and refuses a selection of which none can be measured.
    fn plan(&mut self) -> Result<Plan, Error> {
        let selection = self.state.config.selection.clone();
        let subject = Subject {
            workload: self.state.backend.workload(),
            profile: &self.profiled.profile,
            host: &self.state.host,
            conditions: &self.conditions,
        };
        let mut plan = Plan::new(&subject, &selection);
        if self.state.config.once {
            let tasks = self.state.backend.workload().tasks();
            self.state.warnings.extend(repeated_items::narrow(&mut plan, tasks));
        }
        let is_selective = !selection.widths.is_empty() || !selection.strategies.is_empty();
        let only_reference = plan.candidates.iter().all(|c| c.cell == Configuration::REFERENCE);
        match plan.refused.first() {
            Some(refused) if is_selective && only_reference => {
                let message = format!("{}: {}", refused.cell, refused.reason);
                Err(Error::new(refused.code, message))
            }
            _ => Ok(plan),
        }
    }

    /// Runs the configurations of the plan.
    fn run_plan(&self, plan: &Plan, observer: &mut dyn Observer) -> Result<Measured, Error> {
        let ProfiledStudy { state, profiled, .. } = self;
        self.check_items(Some(&profiled.tally.outputs), &UsedElsewhere::default())?;
        let StudyState { backend, config, interrupt, .. } = state;
        let (tasks, used) = (backend.workload().tasks(), profiled.tally.counts.started());
        let slices = config.once.then(|| Slices::new(tasks, used));
        let batches = Once::new(backend.executor(profiled), slices);
        let mut executor = Hooked::new(batches, backend.shell(), config.hooks.clone());
        // The profile keeps to no rate, so that it is no measurement of a workload with a limit to it.
        let counts_profile = config.once || backend.workload().limits.rate_per_s.is_none();
        let measurement = Measurement {
            executor: &mut executor,
            observer,
            clock: &mut *backend.clock(),
            interrupt,
            sizing: state.sizing(profiled),
            settings: config.measurement(backend.spent()),
            reference: counts_profile.then(|| reference::of_profile(profiled)),
            preferred: Some(decide(&self.facts()).strategy),
        };
        let contention = backend.contention();
        let mut measured = measurement.run(plan);
        measured.taken = contention.shares();
        // An interrupt ends a hook as well; what was measured before is reported.
        if let Some(error) = executor.failure().filter(|_| !interrupt.is_raised()) {
            return Err(state.hook_failed(error));
        }
        let reference = measured.cells.get(&Configuration::REFERENCE);
        self.check_items(reference.map(CellRecord::outputs), &measured.used_elsewhere())?;
        Ok(measured)
    }

    /// Checks that items work more than once, unless they run only once or a hook restores them.
    fn check_items(&self, outputs: Option<&Outputs>, elsewhere: &UsedElsewhere) -> Result<(), Error> {
        let config = &self.state.config;
        let may_repeat = !config.once && config.hooks.prepare.is_none();
        match outputs.filter(|outputs| may_repeat && outputs.are_consumed(elsewhere)) {
            Some(_) => Err(Error::new(Code::TaskConsumed, prose::warnings::items_consumed())),
            None => Ok(()),
        }
    }

    fn facts(&self) -> Facts {
        let ProfiledStudy { state, profiled, .. } = self;
        Facts::of(state.backend.workload(), &profiled.profile, state.host.cpus_effective)
    }

    /// Adds warnings about the measurement to the report.
    fn warn_of_findings(&mut self, plan: &Plan, measured: &Measured) {
        let state = &mut self.state;
        for finding in findings(measured) {
            state.warn(finding.code(), prose::findings::sentence(&finding));
        }
        for refused in &plan.refused {
            state.warn(refused.code, format!("{}: {}", refused.cell, refused.reason));
        }
        if !state.config.once {
            state.warnings.extend(repeated_items::warning(state.backend.workload()));
        }
    }

    /// Recommends a configuration, with a program that uses it.
    fn recommendation(
        &self,
        cells: &[ConfigurationResult],
        unrun: &[ConfigurationResult],
    ) -> Option<Recommendation> {
        let ProfiledStudy { state, profiled, .. } = self;
        let StudyState { backend, config, host, .. } = state;
        let assumed = config.assumed_cpus().map(|cpus| Note::AssumedCpus { cpus });
        let notes: Vec<Note> = assumed.into_iter().collect();
        let input = AdviceInput {
            workload: backend.workload(),
            profile: &profiled.profile,
            host,
            conditions: &self.conditions,
            cells,
            unrun,
            objective: config.objective,
            notes: &notes,
        };
        let recommend = if config.is_prediction() { recommend_predicted } else { recommend };
        let advice = recommend(&input)?;
        let (backend, profile, cpus) = (&**backend, &profiled.profile, host.cpus_effective);
        let study = StudyFacts { backend, config, profile, cpus };
        Some(Recommendation { code_examples: code_examples(&study, &advice), ..advice })
    }
}
