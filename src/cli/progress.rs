//! Progress on standard error, if it is a terminal.

use std::fmt::Write;
use std::time::Duration;

use crate::benchmark::event::{Event, Observer, Phase};
use crate::diagnostics::Code;
use crate::mcp::ProgressLine;
use crate::units::{PerSecond, Seconds};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::cli::console::Console;
use crate::cli::suite_eta::SuiteEta;

/// A line that shows the current phase; the line disappears at the end.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    console: Console,
    /// The name of the workload, in a suite of several.
    name: Option<String>,
    budget: Duration,
    last: String,
}

impl Progress {
    /// Shows progress about the workload `name`, if standard error is a terminal and progress is shown.
    pub(crate) fn new(name: &str, budget: Duration, console: Console) -> Self {
        let target = if console.shows_progress() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let style = ProgressStyle::with_template("{spinner} {prefix} · {wide_msg}");
        let bar = ProgressBar::with_draw_target(None, target)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
            .with_prefix(name.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress { bar, console, name: None, budget, last: String::new() }
    }

    /// Shows progress about runs of a whole command, with the seconds of the one that runs.
    pub(crate) fn of_runs(name: &str, console: Console) -> Self {
        let progress = Progress::new(name, Duration::ZERO, console);
        let style = ProgressStyle::with_template("{spinner} {prefix} · {elapsed} · {wide_msg}");
        progress.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        progress
    }

    /// Shows progress about the workload `name` of a suite, and how long the suite will still take.
    pub(crate) fn in_suite(name: &str, budget: Duration, eta: &SuiteEta, console: Console) -> Self {
        let mut progress = Progress::new(name, budget, console);
        if let Some(place) = eta.place() {
            progress.name = Some(name.to_owned());
            let left = eta.left();
            let style = ProgressStyle::with_template("{spinner} {prefix} · {left} left · {wide_msg}");
            let write = move |_: &ProgressState, out: &mut dyn Write| _ = write!(out, "{}", left());
            let style = style.unwrap_or_else(|_| ProgressStyle::default_spinner()).with_key("left", write);
            progress.bar.set_style(style);
            progress.bar.set_prefix(format!("{place} {name}"));
        }
        progress
    }
}

impl Progress {
    /// Shows the state on the line, or writes it for a program.
    fn say(&self, message: String) {
        if self.console.writes_progress_lines() {
            let budget_s = Some(self.budget.as_secs_f64()).filter(|budget| *budget > 0.0);
            self.console.note(&ProgressLine { message: message.clone(), budget_s }.to_line());
        }
        self.bar.set_message(message);
    }
}

impl Observer for Progress {
    fn observe(&mut self, event: &Event) {
        match event {
            Event::PhaseStarted(phase) => self.say(describe(*phase).to_owned()),
            Event::Warned { code, message } => {
                self.bar.suspend(|| self.console.note(&warning(&self.name, *code, message)));
            }
            Event::BatchStarted { cell, elapsed } => {
                let time = format!("{:.1} of {:.1} s", elapsed.as_secs_f64(), self.budget.as_secs_f64());
                self.say(format!("measuring {cell} · {time}{}", self.last));
            }
            Event::BatchEnded { cell, throughput: Ok(rate), .. } => {
                self.last = format!(" · {cell}: {} tasks/s", PerSecond(*rate));
            }
            Event::BatchEnded { cell, throughput: Err(message), .. } => {
                self.last = format!(" · {cell}: {message}");
            }
            Event::RunStarted { label, left, .. } => {
                let left = left
                    .map_or("first run".to_owned(), |left| format!("at most {} left", Seconds::from(left)));
                self.bar.set_message(format!("running with {label} · {left}{}", self.last));
                self.bar.reset_elapsed();
            }
            Event::RunEnded { label, outcome } => self.last = format!(" · {label}: {outcome}"),
            Event::RunsAreLong { run_s, left } => {
                let (run, left) = (Seconds(*run_s), Seconds::from(*left));
                let line = format!(
                    "one run takes {run}; the rest may take up to {left} (--budget changes that; Ctrl-C shows what is \
                     known)"
                );
                self.bar.suspend(|| self.console.note(&line));
            }
        }
    }
}

/// Returns a warning as one line, with the name of the workload if there are several.
fn warning(name: &Option<String>, code: Code, message: &str) -> String {
    let name = name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
    format!("Warning    {name}{message} ({code})")
}

/// Returns the description of a phase.
fn describe(phase: Phase) -> &'static str {
    match phase {
        Phase::Preparing => "preparing",
        Phase::Calibrating => "measuring what strategies cost on this machine",
        Phase::Profiling => "profiling one task after another",
        Phase::Attaching => "profiling a running process",
        Phase::Checking => "checking",
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
