//! The workload: steps repeated over items.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::workload::item::Items;
use crate::workload::spec::limits::{RetryPolicy, WorkloadLimits};
use crate::workload::spec::server::FixtureSpec;
use crate::workload::spec::step_rule::StepRule;
use crate::workload::spec::steps::{CommandSpec, CpuSpec, OwnItems, PythonSpec, StepNature, StepSpec};

/// A named unit of work, repeated over items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// The name that is shown and stored.
    pub name: String,
    /// The line in `conc list`.
    pub description: String,
    /// The way in which the workload was written.
    pub source: WorkloadSource,
    /// The items that the tasks run over, one task per item.
    pub items: Items,
    /// The file that the items were read from, as the user named it, or `-` for standard input; `None` if they
    /// were given otherwise. No part of the definition.
    #[serde(skip)]
    pub items_from: Option<String>,
    /// The limits of a run.
    pub limits: WorkloadLimits,
    /// The rule for failed steps; `None` means that a failed step is not tried again.
    pub retry: Option<RetryPolicy>,
    /// The behaviour of the embedded server that steps with a `fixture:` address talk to.
    pub fixture: Option<FixtureSpec>,
    /// The steps of one task, in order.
    pub steps: Vec<StepSpec>,
    /// The limits of single steps, in the order of the steps; empty if no step has any.
    #[serde(default)]
    pub rules: Vec<StepRule>,
}

/// The ways to write a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WorkloadSource {
    /// A sample embedded in the binary.
    Sample,
    /// A TOML file.
    File,
    /// A command line after `--`.
    Command,
    /// The options `--cpu` and `--wait`.
    Inline,
    /// A Python callable.
    Python,
}

impl WorkloadSource {
    /// Returns the word that users see.
    pub fn as_str(self) -> &'static str {
        match self {
            WorkloadSource::Sample => "sample",
            WorkloadSource::File => "file",
            WorkloadSource::Command => "command",
            WorkloadSource::Inline => "inline",
            WorkloadSource::Python => "python",
        }
    }
}

impl Workload {
    /// Makes a workload without a description, limits, retries or an embedded server.
    pub fn new(name: impl Into<String>, source: WorkloadSource, items: Items, steps: Vec<StepSpec>) -> Self {
        Workload {
            name: name.into(),
            description: String::new(),
            source,
            items,
            items_from: None,
            limits: WorkloadLimits::default(),
            retry: None,
            fixture: None,
            steps,
            rules: Vec::new(),
        }
    }

    /// Returns the number of tasks in one run of the workload.
    pub fn tasks(&self) -> u64 {
        self.items.len()
    }

    /// Returns a copy with the number of items in place of the items.
    ///
    /// There may be millions of items, so they are not copied even for a moment.
    pub fn without_items(&self) -> Self {
        Workload {
            name: self.name.clone(),
            description: self.description.clone(),
            source: self.source,
            items: Items::Count(self.items.len()),
            items_from: self.items_from.clone(),
            limits: self.limits.clone(),
            retry: self.retry.clone(),
            fixture: self.fixture.clone(),
            steps: self.steps.clone(),
            rules: self.rules.clone(),
        }
    }

    /// Returns the steps that compute, in order.
    pub fn computations(&self) -> impl Iterator<Item = &CpuSpec> {
        self.steps.iter().filter_map(StepSpec::as_cpu)
    }

    /// Returns the steps that call Python, in order.
    pub fn callables(&self) -> impl Iterator<Item = &PythonSpec> {
        self.steps.iter().filter_map(StepSpec::as_python)
    }

    /// Returns the items that are taken from the module of a callable.
    pub fn items_of_module(&self) -> OwnItems {
        self.callables().map(|spec| spec.own_items).find(|own| *own != OwnItems::None).unwrap_or_default()
    }

    /// Returns true if the items are those that the module of a callable defines.
    pub fn has_items_of_module(&self) -> bool {
        self.items_of_module() != OwnItems::None
    }

    /// Sets the items that are taken from the module of a callable that gives the items.
    pub fn take_items_of_module(&mut self, own_items: OwnItems) {
        for step in &mut self.steps {
            if let StepSpec::Python(spec) = step {
                spec.own_items = own_items;
            }
        }
    }

    /// Returns the limits of step number `step`, from 0.
    pub fn rule(&self, step: usize) -> StepRule {
        self.rules.get(step).copied().unwrap_or_default()
    }

    /// Returns the step that gets tasks in the order in which they began, if there is one.
    pub fn ordered_step(&self) -> Option<usize> {
        self.rules.iter().position(|rule| rule.ordered)
    }

    /// Returns the command, if a task is one command and nothing else.
    pub fn only_command(&self) -> Option<&CommandSpec> {
        match self.steps.as_slice() {
            [step] => step.as_command(),
            _ => None,
        }
    }

    /// Returns the iterations of each calibrated `cpu` step, in order.
    pub fn iterations(&self) -> Vec<u64> {
        self.computations().filter_map(|cpu| cpu.iterations).collect()
    }

    /// Sets the iterations of every `cpu` step, if there are as many such steps as numbers.
    pub fn set_iterations(&mut self, iterations: &[u64]) {
        let steps = self.steps.iter_mut().filter_map(|step| match step {
            StepSpec::Cpu(cpu) => Some(cpu),
            _ => None,
        });
        let steps: Vec<_> = steps.collect();
        if steps.len() == iterations.len() {
            steps.into_iter().zip(iterations).for_each(|(cpu, count)| cpu.iterations = Some(*count));
        }
    }

    /// Returns the hash of [`Workload::definition_in`] for work that runs in the current directory.
    pub fn definition(&self) -> String {
        self.definition_in(&here())
    }

    /// Returns a hash of the definition, by which a changed workload is recognised under its old name; files
    /// in `directory`, where the work runs, are named from there.
    ///
    /// The hash ignores the name, the description, the calibration and the words of commands: a command is
    /// what a comparison is meant to change.
    pub fn definition_in(&self, directory: &Path) -> String {
        let mut bare = self.portable(directory);
        for step in &mut bare.steps {
            if let StepSpec::Command(command) = step {
                command.argv.clear();
            }
        }
        bare.hash()
    }

    /// Returns the hash of [`Workload::identity_in`] for work that runs in the current directory.
    pub fn identity(&self) -> String {
        self.identity_in(&here())
    }

    /// Returns a hash of the definition and of the words of its commands, by which a workload is recognised under
    /// another name. It is the same before and after a module has been asked for its items.
    pub fn identity_in(&self, directory: &Path) -> String {
        let mut bare = self.portable(directory);
        if bare.items_of_module() == OwnItems::All {
            bare.items = Items::Count(0);
        }
        bare.take_items_of_module(OwnItems::None);
        bare.hash()
    }

    /// Returns the workload without what differs between two equal ones: names, calibration, and the path
    /// of `directory`.
    fn portable(&self, directory: &Path) -> Workload {
        let mut bare = Workload { name: String::new(), description: String::new(), ..self.clone() };
        for step in &mut bare.steps {
            match step {
                StepSpec::Cpu(cpu) => cpu.iterations = None,
                StepSpec::Python(PythonSpec { file: Some(file), .. }) => {
                    if let Ok(below) = file.strip_prefix(directory) {
                        *file = below.to_owned();
                    }
                }
                _ => {}
            }
        }
        bare
    }

    fn hash(&self) -> String {
        let mut value = serde_json::to_value(self).expect("a workload is plain data");
        // Workloads without such limits keep the hash that they had before there were any.
        if let Some(fields) = value.as_object_mut().filter(|_| self.rules.is_empty()) {
            fields.shift_remove("rules");
        }
        let text = serde_json::to_vec(&value).expect("a workload is plain data");
        format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&text))
    }

    /// Returns which steps the rate limit counts: every step but computations, or the first step if all
    /// of them compute.
    pub fn rated_steps(&self) -> Vec<bool> {
        self.rated_unless(&[])
    }

    /// Returns which steps the rate limit counts if a profile found that the steps in `computes` compute.
    ///
    /// `computes` may be empty.
    pub fn rated_unless(&self, computes: &[bool]) -> Vec<bool> {
        let waits = |(i, step): (usize, &StepSpec)| {
            step.nature() != StepNature::Cpu && !computes.get(i).copied().unwrap_or(false)
        };
        let waiting: Vec<bool> = self.steps.iter().enumerate().map(waits).collect();
        if waiting.contains(&true) { waiting } else { (0..waiting.len()).map(|i| i == 0).collect() }
    }

    /// Returns true if tasks run commands, in processes of their own.
    pub fn runs_commands(&self) -> bool {
        self.steps.iter().any(|step| step.as_command().is_some())
    }

    /// Returns true if tasks run in a Python interpreter; then all of their steps do.
    pub fn runs_python(&self) -> bool {
        self.callables().next().is_some()
    }

    /// Returns true if a step needs the embedded server.
    ///
    /// A callable counts as such a step if the workload describes the server.
    pub fn needs_fixture(&self) -> bool {
        self.steps.iter().any(StepSpec::uses_embedded_server)
            || (self.runs_python() && self.fixture.is_some())
    }
}

/// Returns the current directory; an empty path, below which nothing is, if it has gone.
fn here() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}
