//! The work of one item: the steps of a task composed, with the limits that held when it was measured.

use std::collections::BTreeSet;

use crate::profile::result::StagePool;
use crate::snippets::python::layout::call;
use crate::snippets::python::part::Part;
use crate::snippets::python::program::Program;
use crate::snippets::python::stages::{has_processes, is_threads_only};
use crate::snippets::shape::TaskShape;

/// Maximum number of characters of a call that stands in a line of another function, and of one that is
/// submitted to a pool.
const MAX_INLINE_CHARS: usize = 50;
const MAX_SUBMITTED_CHARS: usize = 36;

/// The argument of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Argument {
    /// The item.
    Item,
    /// The item, a tuple, as several arguments.
    Unpacked,
    /// None.
    Nothing,
}

impl Argument {
    /// Returns the argument of a function that has a parameter for the item or none.
    pub(super) fn of(takes_item: bool) -> Self {
        if takes_item { Argument::Item } else { Argument::Nothing }
    }

    /// Returns the argument as source, if there is one.
    fn written(self, value: &str) -> Option<String> {
        match self {
            Argument::Item => Some(value.to_owned()),
            Argument::Unpacked => Some(format!("*{value}")),
            Argument::Nothing => None,
        }
    }
}

/// A step, as the program calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// The function that blocks, if there is one.
    pub(super) blocking: Option<String>,
    /// The coroutine function, if there is one.
    pub(super) coroutine: Option<String>,
    /// The argument of the functions.
    pub(super) argument: Argument,
    /// True if the step computes rather than waits.
    pub(super) computes: bool,
    /// True if the limit on attempts per second counts the step.
    pub(super) is_rated: bool,
}

/// The work of one item.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Work {
    /// The definitions that the call needs.
    pub(super) definitions: Vec<String>,
    /// The call: a function and its arguments, one of which is `item`.
    pub(super) call: Vec<String>,
    /// The parts that definitions and call need.
    pub(super) parts: BTreeSet<Part>,
    /// True if functions run on the threads of an event loop.
    pub(super) uses_threads: bool,
}

impl Work {
    /// Returns true if a name occurs as a whole word in a definition or in the call.
    pub(super) fn uses(&self, name: &str) -> bool {
        self.calls_with(name) || self.definitions.iter().any(|text| has_word(text, name))
    }

    /// Returns true if a name occurs as a whole word in the call.
    pub(super) fn calls_with(&self, name: &str) -> bool {
        self.call.iter().any(|text| has_word(text, name))
    }
}

/// Returns true if a name occurs as a whole word, or as the first part of a dotted one.
fn has_word(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    text.split(|c| !is_part(c)).any(|word| word.split('.').next() == Some(name))
}

/// Composes steps for a program; a function around all of them gets the name `wrapper`.
pub(super) fn compose(steps: &[Step], program: Program, shape: &TaskShape, wrapper: &str) -> Work {
    let mut composer = Composer { shape, wrapper, work: Work::default() };
    if matches!(program, Program::Stages | Program::ThreadStages) {
        return composer.stages(steps);
    }
    let words = if program == Program::Hybrid {
        let words = composer.split(steps);
        composer.within_time(words)
    } else if program.awaits() {
        let words = composer.awaiting(steps, program != Program::SequentialLoop, STEPS, "item");
        composer.within_time(words)
    } else if needs_loop(steps) {
        let words = composer.awaiting(steps, false, STEPS, "item");
        composer.on_loop(words)
    } else {
        let words = composer.blocking(steps, STEPS, "item");
        composer.interrupted(words, program)
    };
    composer.finish(words, program)
}

/// Returns true if some step has only an async form.
pub(super) fn needs_loop(steps: &[Step]) -> bool {
    steps.iter().any(|step| step.blocking.is_none())
}

/// The name of a function that calls several steps.
const STEPS: &str = "steps";

struct Composer<'a> {
    shape: &'a TaskShape,
    wrapper: &'a str,
    work: Work,
}

impl Composer<'_> {
    /// Returns a call of steps on this thread with `value`; if there are several, they get a function `name`.
    fn blocking(&mut self, steps: &[Step], name: &str, value: &str) -> Vec<String> {
        if let [step] = steps {
            return self.function(step, value);
        }
        let lines: Vec<_> = Place::of_each(steps)
            .map(|(place, step)| place.line(false, &self.function(step, place.value())))
            .collect();
        self.define(format!("def {name}(item):\n{}", lines.join("\n")));
        vec![name.to_owned(), value.to_owned()]
    }

    /// Returns a call of steps with `value` that is awaited; if there are several, they get a function `name`.
    ///
    /// If no step has a coroutine function, all run in one call on a thread. Otherwise functions that wait run
    /// on a thread, unless threads are not wanted; those that compute run on the loop, because a thread would
    /// not make them faster.
    fn awaiting(&mut self, steps: &[Step], may_use_threads: bool, name: &str, value: &str) -> Vec<String> {
        if steps.iter().all(|step| step.coroutine.is_none()) {
            let function = self.blocking(steps, name, value);
            return self.on_thread(function);
        }
        if let [step] = steps {
            return self.coroutine(step, value);
        }
        let mut lines = Vec::new();
        for (place, step) in Place::of_each(steps) {
            lines.push(if step.coroutine.is_some() {
                place.line(true, &self.coroutine(step, place.value()))
            } else if may_use_threads && !step.computes {
                let function = self.function(step, place.value());
                place.line(true, &self.on_thread(function))
            } else {
                place.line(false, &self.function(step, place.value()))
            });
        }
        self.define(format!("async def {name}(item):\n{}", lines.join("\n")));
        vec![name.to_owned(), value.to_owned()]
    }

    fn on_thread(&mut self, function: Vec<String>) -> Vec<String> {
        self.work.uses_threads = true;
        ["asyncio.to_thread".to_owned()].into_iter().chain(function).collect()
    }

    /// Returns a call that awaits the steps that wait, and has the others run in worker processes.
    fn split(&mut self, steps: &[Step]) -> Vec<String> {
        let stages: Vec<&[Step]> = steps.chunk_by(|a, b| a.computes == b.computes).collect();
        let mut lines = Vec::new();
        for (number, (place, stage)) in Place::of_each(&stages).enumerate() {
            let name = |stem: &str| if number < 2 { stem.to_owned() } else { format!("{stem}_{number}") };
            let words = if stage[0].computes {
                self.in_process(stage, &name("compute"), place.value())
            } else {
                self.awaiting(stage, true, &name("wait"), place.value())
            };
            lines.push(place.line(true, &words));
        }
        self.define(format!("async def {STEPS}(item, pool):\n{}", lines.join("\n")));
        [STEPS, "item", "pool"].map(str::to_owned).into()
    }

    /// Returns the functions `step_1`, `step_2` and so on of a pipeline; those on an event loop whose steps need
    /// processes get the pool.
    fn stages(mut self, steps: &[Step]) -> Work {
        let on_threads = is_threads_only(self.shape);
        let pool = if has_processes(self.shape) { ", pool" } else { "" };
        for (i, (step, stage)) in steps.iter().zip(&self.shape.stages).enumerate() {
            let number = i + 1;
            if on_threads {
                let words = self.function(step, "item");
                self.define(format!("def step_{number}(item):\n{}", call("    return ", &words, "")));
                continue;
            }
            let words = match stage.pool {
                StagePool::Process => self.in_process(&steps[i..=i], &format!("compute_{number}"), "item"),
                StagePool::Loop => self.coroutine(step, "item"),
                StagePool::Thread => {
                    let function = self.function(step, "item");
                    self.on_thread(function)
                }
            };
            let words = self.within_time(words);
            self.define(format!(
                "async def step_{number}(item{pool}):\n{}",
                call("    return await ", &words, "")
            ));
        }
        Work { call: ["step_1", "item"].map(str::to_owned).into(), ..self.work }
    }

    /// Returns the call of a function `name` that runs steps in a worker process.
    ///
    /// A function of the program itself can be sent to a process, whatever the steps are.
    fn in_process(&mut self, steps: &[Step], name: &str, value: &str) -> Vec<String> {
        self.work.parts.insert(Part::InProcess);
        let words = if needs_loop(steps) {
            self.work.parts.insert(Part::OnLoop);
            let words = self.awaiting(steps, false, &format!("{name}_async"), "item");
            ["on_loop".to_owned()].into_iter().chain(words).collect()
        } else {
            self.blocking(steps, name, "item")
        };
        let is_wrapped = words.len() > 2 && words.iter().any(|word| word == name);
        let name = if is_wrapped { "limited_compute" } else { name };
        if words != [name, "item"] {
            self.define(format!("def {name}(item):\n{}", call("    return ", &words, "")));
        }
        ["in_process", "pool", name, value].map(str::to_owned).into()
    }

    /// Returns the call of a function with its limits.
    fn function(&mut self, step: &Step, value: &str) -> Vec<String> {
        let function = step.blocking.clone().unwrap_or_default();
        self.limited(step, function, value, (Part::Retried, "retried"), (Part::Paced, "paced"))
    }

    /// Returns the call of a coroutine function with its limits.
    fn coroutine(&mut self, step: &Step, value: &str) -> Vec<String> {
        let function = step.coroutine.clone().unwrap_or_default();
        let retried = (Part::RetriedAsync, "retried_async");
        self.limited(step, function, value, retried, (Part::PacedAsync, "paced_async"))
    }

    fn limited(
        &mut self,
        step: &Step,
        function: String,
        value: &str,
        retried: (Part, &str),
        paced: (Part, &str),
    ) -> Vec<String> {
        let mut words = Vec::new();
        if self.shape.retry.as_ref().is_some_and(|retry| retry.max > 0) {
            self.work.parts.insert(retried.0);
            words.push(retried.1.to_owned());
        }
        if self.shape.limits.rate_per_s.is_some() && step.is_rated {
            self.work.parts.extend([Part::Pace, paced.0]);
            words.push(paced.1.to_owned());
        }
        words.push(function);
        words.extend(step.argument.written(value));
        words
    }

    /// Returns an awaited call that ends at the timeout, if there is one.
    fn within_time(&mut self, mut words: Vec<String>) -> Vec<String> {
        if self.shape.limits.timeout.is_none() {
            return words;
        }
        if call("", &words, "").len() > MAX_INLINE_CHARS {
            self.define(format!("async def untimed(item):\n{}", call("    return await ", &words, "")));
            words = ["untimed", "item"].map(str::to_owned).into();
        }
        ["asyncio.wait_for".to_owned(), call("", &words, ""), "TIMEOUT".to_owned()].into()
    }

    /// Returns a call that runs a coroutine on the loop of its thread, until the timeout if there is one.
    fn on_loop(&mut self, words: Vec<String>) -> Vec<String> {
        self.work.parts.insert(Part::OnLoop);
        let words = if self.shape.limits.timeout.is_some() {
            let within = self.within_time(words);
            self.define(format!("async def in_time(item):\n{}", call("    return await ", &within, "")));
            ["in_time", "item"].map(str::to_owned).into()
        } else {
            words
        };
        ["on_loop".to_owned()].into_iter().chain(words).collect()
    }

    /// Returns a call that ends at the timeout, if there is one and the program does not see to it itself.
    fn interrupted(&mut self, words: Vec<String>, program: Program) -> Vec<String> {
        let is_timed = matches!(program, Program::Sequential | Program::Processes | Program::Interpreters);
        // A command ends at its timeout by itself.
        if self.shape.limits.timeout.is_none() || self.shape.command.is_some() || !is_timed {
            return words;
        }
        self.work.parts.insert(Part::Timed);
        ["timed".to_owned()].into_iter().chain(words).collect()
    }

    /// Returns the work, with a function around a call that does not fit into a line of the program.
    fn finish(mut self, words: Vec<String>, program: Program) -> Work {
        let most = if program == Program::Threads { MAX_SUBMITTED_CHARS } else { MAX_INLINE_CHARS };
        if words.join(", ").chars().count() <= most {
            return Work { call: words, ..self.work };
        }
        let (keyword, keep) =
            if program.awaits() { ("async def", "    return await ") } else { ("def", "    return ") };
        let parameters: &[&str] = if program == Program::Hybrid { &["item", "pool"] } else { &["item"] };
        let body = call(keep, &words, "");
        self.define(format!("{keyword} {}({}):\n{body}", self.wrapper, parameters.join(", ")));
        let call = [self.wrapper].iter().chain(parameters).map(|&word| word.to_owned()).collect();
        Work { call, ..self.work }
    }

    fn define(&mut self, definition: String) {
        self.work.definitions.push(definition);
    }
}

/// The place of a step among several.
#[derive(Debug, Clone, Copy)]
struct Place {
    is_first: bool,
    is_last: bool,
}

impl Place {
    /// Returns each step with its place.
    fn of_each<T>(steps: &[T]) -> impl Iterator<Item = (Place, &T)> {
        let last = steps.len().saturating_sub(1);
        steps.iter().enumerate().map(move |(i, step)| (Place { is_first: i == 0, is_last: i == last }, step))
    }

    /// Returns the name of the value that the step gets.
    fn value(self) -> &'static str {
        if self.is_first { "item" } else { "value" }
    }

    /// Returns the line that calls the step.
    fn line(self, is_awaited: bool, words: &[String]) -> String {
        let keep = if self.is_last { "return" } else { "value =" };
        call(&format!("    {keep} {}", if is_awaited { "await " } else { "" }), words, "")
    }
}
