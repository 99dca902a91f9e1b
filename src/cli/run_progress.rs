//! The progress of a run on standard error, and its output on the streams that a bar may share.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::host::standard_streams;
use crate::job::attempt::Stream;
use crate::job::delivery::Streams;
use crate::job::progress::{JobObserver, JobProgress};
use crate::job::shutdown::Stop;
use crate::job::width::HeldFor;
use crate::units::{PerSecond, Seconds};

use crate::cli::args::ProgressForm;
use crate::cli::console::Console;

/// Time between two lines of progress where there is no terminal.
const LINE_PERIOD: Duration = Duration::from_secs(10);

/// Time between two objects for programs.
const JSON_PERIOD: Duration = Duration::from_secs(1);

/// The streams of this process, cleared of the bar while something is written to them.
pub(crate) struct SharedStreams {
    bar: ProgressBar,
    is_drawn: bool,
}

impl SharedStreams {
    /// Makes the streams with a bar for `form`, if there is a terminal to draw it on.
    pub(crate) fn new(form: ProgressForm, console: Console) -> Self {
        let is_drawn = form == ProgressForm::Auto && console.shows_progress() && io::stderr().is_terminal();
        let target = if is_drawn { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let style = ProgressStyle::with_template("{spinner} {wide_msg}");
        let bar = ProgressBar::with_draw_target(None, target)
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
        SharedStreams { bar, is_drawn }
    }

    /// Returns the observer that draws the bar, or prints lines.
    pub(crate) fn observer(&self, form: ProgressForm, console: Console) -> RunProgress {
        let period = match form {
            ProgressForm::None => None,
            ProgressForm::Json => Some(JSON_PERIOD),
            ProgressForm::Auto | ProgressForm::Lines => Some(LINE_PERIOD),
        };
        RunProgress {
            bar: self.bar.clone(),
            form,
            is_drawn: self.is_drawn,
            period,
            printed: Instant::now(),
            console,
            stop: None,
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Streams for SharedStreams {
    fn with(
        &self,
        stream: Stream,
        write: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut flushed = || match stream {
            Stream::Stdout => {
                let mut out = standard_streams::stdout()?.lock();
                write(&mut out).and_then(|()| out.flush())
            }
            Stream::Stderr => write(&mut io::stderr().lock()),
        };
        if self.is_drawn { self.bar.suspend(flushed) } else { flushed() }
    }
}

/// Shows the progress of a run.
pub(crate) struct RunProgress {
    bar: ProgressBar,
    form: ProgressForm,
    is_drawn: bool,
    period: Option<Duration>,
    printed: Instant,
    console: Console,
    stop: Option<Stop>,
}

impl JobObserver for RunProgress {
    fn observe(&mut self, progress: &JobProgress) {
        let is_told = std::mem::replace(&mut self.stop, progress.stop) == progress.stop;
        if progress.stop == Some(Stop::Soon) && !is_told && progress.running > 0 {
            let line = format!(
                "ending: {} still running may finish; a second interrupt kills them",
                progress.running
            );
            self.bar.suspend(|| self.console.note(&line));
        }
        if self.is_drawn {
            self.bar.set_message(line(progress));
            self.bar.tick();
            return;
        }
        let Some(period) = self.period else { return };
        if self.printed.elapsed() < period {
            return;
        }
        self.printed = Instant::now();
        match self.form {
            // A number that is no number cannot occur, and progress is not worth a failure.
            ProgressForm::Json => {
                self.console.note_json(&serde_json::to_string(progress).unwrap_or_default())
            }
            _ => self.console.note(&line(progress)),
        }
    }
}

/// Returns the state of a run on one line.
fn line(progress: &JobProgress) -> String {
    let done = progress.ok + progress.failed + progress.skipped;
    let mut parts = vec![match progress.total {
        Some(total) => format!("{done} of {total}"),
        None => format!("{done} done"),
    }];
    if progress.failed > 0 {
        parts.push(format!("{} failed", progress.failed));
    }
    parts.push(format!("{} running of {}", progress.running, progress.width));
    if progress.waiting > 0 {
        parts.push(format!("{} to be tried again", progress.waiting));
    }
    match progress.held_for {
        None => {}
        Some(HeldFor::Memory) => parts.push("waiting for memory".to_owned()),
        Some(HeldFor::Pressure) => parts.push("waiting for less pressure".to_owned()),
    }
    if let Some(rate) = progress.per_second {
        parts.push(format!("{}/s", PerSecond(rate)));
    }
    if let Some([low, high]) = progress.left_s.filter(|_| progress.stop.is_none()) {
        let (low, high) = (Seconds(low).to_string(), Seconds(high).to_string());
        parts.push(if low == high { format!("{low} left") } else { format!("{low} to {high} left") });
    }
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_only_what_is_known() {
        let progress = JobProgress { ok: 5, running: 2, width: 4, ..JobProgress::default() };
        assert_eq!(line(&progress), "5 done · 2 running of 4");
        let progress = JobProgress {
            failed: 1,
            skipped: 4,
            total: Some(100),
            waiting: 3,
            per_second: Some(12.0),
            left_s: Some([7.0, 9.0]),
            is_held: true,
            held_for: Some(HeldFor::Memory),
            ..progress
        };
        assert_eq!(
            line(&progress),
            "10 of 100 · 1 failed · 2 running of 4 · 3 to be tried again · waiting for memory · 12.0/s · 7.00 s to 9.00 s left"
        );
    }
}
