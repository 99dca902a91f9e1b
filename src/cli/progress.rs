//! Progress on standard error: in a terminal the table as it is measured, and a line below it with what runs.

use std::fmt::Write;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::benchmark::event::{Event, Observer, Phase};
use crate::characters::plain;
use crate::diagnostics::Code;
use crate::mcp::ProgressLine;
use crate::report::table::LiveTable;
use crate::units::{PerSecond, Seconds};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::cli::console::Console;
use crate::cli::live_screen::LiveScreen;
use crate::cli::suite_eta::SuiteEta;

/// Time between two pictures: the eye follows it, and drawing takes no CPU time worth measuring. Nothing else
/// draws, however fast batches end.
const PICTURE_PERIOD: Duration = Duration::from_millis(150);

/// The same with the table, which has ten times as many bytes: over a slow line, pictures would be shown long after they
/// were drawn, and the results after them. With 150 ms they were 5 kB/s.
const TABLE_PERIOD: Duration = Duration::from_millis(400);

/// Time between two lines where nothing can be drawn.
const LINE_PERIOD: Duration = Duration::from_secs(10);

/// What is shown while a workload is studied; it disappears at the end, when the results replace it.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    screen: Arc<Mutex<LiveScreen>>,
    table: LiveTable,
    /// True if the picture has the table.
    has_table: bool,
    console: Console,
    /// The name of the workload, in a suite of several.
    name: Option<String>,
    budget: Duration,
    last: String,
    /// The time of the last line, where nothing can be drawn.
    printed: Option<Instant>,
    /// Ends the wait for a first run that is announced; none while no first run goes on.
    first_run: Option<Sender<()>>,
}

impl Progress {
    /// Shows progress about the workload `name`, if standard error is a terminal and progress is shown.
    pub(crate) fn new(name: &str, budget: Duration, console: Console) -> Self {
        let is_shown = console.shows_progress();
        let target = if is_shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(None, target);
        // A terminal that cannot move its cursor gets lines; so does a file, if it takes long.
        let is_plain = is_shown && bar.is_hidden() && !console.writes_progress_lines();
        let progress = Progress {
            screen: Arc::new(Mutex::new(LiveScreen::new(&plain(name), console.has_error_colour()))),
            table: LiveTable::default(),
            has_table: false,
            console,
            name: None,
            budget,
            last: String::new(),
            printed: is_plain.then(Instant::now),
            first_run: None,
            bar,
        };
        progress.draw(false);
        progress
    }

    /// Shows progress about runs of a whole command, with the seconds of the one that runs.
    pub(crate) fn of_runs(name: &str, console: Console) -> Self {
        Progress::new(name, Duration::ZERO, console)
    }

    /// Shows progress about the workload `name` of a suite, and how long the suite will still take.
    pub(crate) fn in_suite(name: &str, budget: Duration, eta: &SuiteEta, console: Console) -> Self {
        let mut progress = Progress::new(name, budget, console);
        if let Some(place) = eta.place() {
            progress.name = Some(name.to_owned());
            progress.screen().enter_suite(&plain(&format!("{place} {name}")), Box::new(eta.left()));
        }
        progress
    }

    /// Draws pictures from now on, each in its time, with the table or without it.
    fn draw(&self, with_table: bool) {
        let template = if with_table { "{table}\n{spinner} {line}" } else { "{spinner} {line}" };
        let style = ProgressStyle::with_template(template);
        let (line, table) = (Arc::clone(&self.screen), Arc::clone(&self.screen));
        let style = style
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .with_key("line", move |_: &ProgressState, out: &mut dyn Write| {
                _ = out.write_str(&locked(&line).line())
            })
            .with_key("table", move |_: &ProgressState, out: &mut dyn Write| {
                _ = out.write_str(locked(&table).table())
            });
        self.bar.set_style(style);
        self.bar.enable_steady_tick(if with_table { TABLE_PERIOD } else { PICTURE_PERIOD });
    }

    fn screen(&self) -> MutexGuard<'_, LiveScreen> {
        locked(&self.screen)
    }

    /// Shows what runs now, or writes it for a program.
    fn say(&mut self, message: String) {
        if self.console.writes_progress_lines() {
            let budget_s = Some(self.budget.as_secs_f64()).filter(|budget| *budget > 0.0);
            self.console.note_json(&ProgressLine { message: message.clone(), budget_s }.to_line());
        }
        self.screen().say(plain(&message));
    }

    /// Writes a line where nothing can be drawn, if the last one was long ago.
    fn write_line(&mut self, elapsed: Duration) {
        let is_due = self.printed.is_some_and(|printed| printed.elapsed() >= LINE_PERIOD);
        let Some(leader) = self.table.leader().filter(|_| is_due) else { return };
        let name = self.name.as_ref().map(|name| format!("{name}: ")).unwrap_or_default();
        let time = format!("{:.0} of {:.0} s", elapsed.as_secs_f64(), self.budget.as_secs_f64());
        self.console.note(&format!("{name}{time} · {leader} leads"));
        self.printed = Some(Instant::now());
    }

    /// Says after a while that the first run of a command goes on, where nothing can be drawn.
    fn announce(&mut self, label: &str) {
        if self.printed.is_none() {
            return;
        }
        let (sender, ended) = channel::<()>();
        let line = format!(
            "the first run (with {label}) has taken {} and goes on; the others are planned when it has ended",
            Seconds::from(LINE_PERIOD)
        );
        let console = self.console;
        std::thread::spawn(move || {
            if ended.recv_timeout(LINE_PERIOD) == Err(RecvTimeoutError::Timeout) {
                console.note(&line);
            }
        });
        self.first_run = Some(sender);
    }

    /// Writes a line that stays.
    fn note(&self, line: &str) {
        self.bar.suspend(|| self.console.note(line));
    }
}

fn locked(screen: &Mutex<LiveScreen>) -> MutexGuard<'_, LiveScreen> {
    screen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for Progress {
    fn observe(&mut self, event: &Event) {
        if self.table.take(event) {
            let has_table = self.screen().set_table(&self.table);
            // Outside of the lock, which a picture takes while it holds that of the bar.
            if std::mem::replace(&mut self.has_table, has_table) != has_table {
                self.draw(has_table);
            }
        }
        match event {
            Event::Planned { .. } | Event::RoundEnded { .. } => {}
            Event::PhaseStarted(phase) => self.say(describe(*phase).to_owned()),
            Event::Warned { code, message } => self.note(&warning(&self.name, *code, message)),
            Event::BatchStarted { cell, elapsed } => {
                let time = format!("{:.1} of {:.1} s", elapsed.as_secs_f64(), self.budget.as_secs_f64());
                self.say(format!("measuring {cell} · {time}{}", self.last));
            }
            Event::BatchEnded { cell, throughput: Ok(rate), elapsed } => {
                self.last = format!(" · {cell}: {} tasks/s", PerSecond(*rate));
                self.write_line(*elapsed);
            }
            Event::BatchEnded { cell, throughput: Err(message), .. } => {
                self.last = format!(" · {cell}: {message}");
            }
            Event::RunStarted { label, left, .. } => {
                let time = left
                    .map_or("first run".to_owned(), |left| format!("at most {} left", Seconds::from(left)));
                let message = format!("running with {label} · {time}{}", self.last);
                self.screen().say_of_run(plain(&message));
                if left.is_none() {
                    self.announce(label);
                }
            }
            Event::RunEnded { label, outcome } => {
                self.last = format!(" · {label}: {outcome}");
                self.first_run = None;
            }
            Event::RunsAreLong { run_s, left } => {
                let (run, left) = (Seconds(*run_s), Seconds::from(*left));
                self.note(&format!(
                    "one run takes {run}; the rest may take up to {left} (--budget changes that; Ctrl-C shows what is \
                     known)"
                ));
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
