//! The limits and retries that a program keeps, as the strategies keep them when they are measured.

use std::time::Duration;

use crate::benchmark::Configuration;
use crate::snippets::form::Form;
use crate::snippets::rust::layout::duration;
use crate::snippets::shape::TaskShape;
use crate::workload::spec::{Backoff, RetryPolicy};

/// Greatest exponent of a growing pause.
const MAX_DOUBLINGS: u32 = 20;

/// The limits of a program.
pub(super) struct Limits<'a> {
    form: Form,
    /// Type of the item, as a parameter has it.
    item: &'static str,
    /// Maximum time of a task, with its retries.
    pub(super) timeout: Option<Duration>,
    retry: Option<&'a RetryPolicy>,
    rate_per_s: Option<f64>,
    /// True if the stand-in for a task sleeps.
    waits: bool,
    /// Processes among which the starts per second are divided.
    shared_by: usize,
}

impl<'a> Limits<'a> {
    /// Returns the limits of the work.
    pub(super) fn of(form: Form, cell: &Configuration, shape: &'a TaskShape) -> Self {
        Limits {
            form,
            item: if shape.items.is_text() { "&str" } else { "u64" },
            timeout: shape.limits.timeout,
            retry: shape.retry.as_ref().filter(|retry| retry.max > 0),
            rate_per_s: shape.limits.rate_per_s,
            waits: shape.command.is_none() && shape.parts().0.is_some(),
            shared_by: if form == Form::Processes { cell.width.max(1) } else { 1 },
        }
    }

    /// Returns the name of the function that runs a task within its limits.
    pub(super) fn call(&self) -> &'static str {
        let is_limited = self.timeout.is_some() || self.retry.is_some() || self.rate_per_s.is_some();
        if is_limited { "attempt" } else { "task" }
    }

    /// Returns true if a task is told its deadline, because nobody else can end it.
    pub(super) fn tells_deadline(&self) -> bool {
        self.timeout.is_some() && !self.awaits()
    }

    /// Returns true if tasks run on an event loop.
    pub(super) fn awaits(&self) -> bool {
        matches!(self.form, Form::Async | Form::Hybrid)
    }

    /// Returns the functions that keep the limits; nothing if there are none.
    pub(super) fn definitions(&self) -> String {
        let main = match self.call() {
            "task" => String::new(),
            _ if self.awaits() => self.attempt_on_loop(),
            _ => self.attempt(),
        };
        let helpers = [
            self.retry.map(pause),
            self.rate_per_s.map(|rate| self.turn(rate)),
            self.sleeps_until_deadline().then(|| SLEEP.to_owned()),
        ];
        let parts = [main].into_iter().chain(helpers.into_iter().flatten());
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// Returns `attempt` for tasks that block.
    fn attempt(&self) -> String {
        let Limits { item, .. } = self;
        let mut body = String::new();
        if let Some(timeout) = self.timeout {
            body += &format!("    let deadline = Instant::now() + {};\n", duration(timeout));
        }
        let call = if self.timeout.is_some() { "task(item, deadline)" } else { "task(item)" };
        let sleep = |time: &str| match self.timeout {
            Some(_) => format!("sleep({time}, deadline)?;\n"),
            None => format!("thread::sleep({time});\n"),
        };
        let turn = self.rate_per_s.map(|_| sleep("turn()")).unwrap_or_default();
        let timed_out = self.timeout.map(|_| "error.kind() != io::ErrorKind::TimedOut");
        body += &self.tries(&turn, call, timed_out, &sleep("pause(retry)"));
        format!(
            "/// Runs a task within its limits.\nfn attempt(item: {item}) -> io::Result<Vec<u8>> {{\n{body}}}\n"
        )
    }

    /// Returns `attempt` for tasks on an event loop, which drops what takes too long.
    fn attempt_on_loop(&self) -> String {
        let Limits { item, .. } = self;
        let (parameter, argument) =
            if self.form == Form::Hybrid { (", pool: &Sender<Job>", ", pool") } else { ("", "") };
        let head = |name| format!("async fn {name}(item: {item}{parameter}) -> io::Result<Vec<u8>> {{\n");
        let turn = self.rate_per_s.map(|_| "tokio::time::sleep(turn()).await;\n").unwrap_or_default();
        let call = format!("task(item{argument}).await");
        let tries = self.tries(turn, &call, None, "tokio::time::sleep(pause(retry)).await;\n");
        let about = "/// Runs a task within its limits.\n";
        let Some(timeout) = self.timeout else { return format!("{about}{}{tries}}}\n", head("attempt")) };
        let limited = format!(
            "    let limit = {};\n    let result = tokio::time::timeout(limit, {}(item{argument})).await;\n    \
             result.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))\n}}\n",
            duration(timeout),
            if turn.is_empty() && self.retry.is_none() { "task" } else { "tries" },
        );
        let first = format!("{about}{}{limited}", head("attempt"));
        if turn.is_empty() && self.retry.is_none() {
            first
        } else {
            format!("{first}\n{}{tries}}}\n", head("tries"))
        }
    }

    /// Returns the end of a function that tries as often as it may, waiting for its turn each time.
    fn tries(&self, turn: &str, call: &str, condition: Option<&str>, pause: &str) -> String {
        let Some(retry) = self.retry else {
            let turn = if turn.is_empty() { String::new() } else { format!("    {turn}") };
            return format!("{turn}    {call}\n");
        };
        let turn = if turn.is_empty() { String::new() } else { format!("        {turn}") };
        let (error, condition) = match condition {
            Some(condition) => ("error", format!(" && {condition}")),
            None => ("_", String::new()),
        };
        format!(
            "    let mut retry = 0;
    loop {{
{turn}        match {call} {{
            Err({error}) if retry < {}{condition} => {{
                {pause}                retry += 1;
            }}
            result => return result,
        }}
    }}
",
            retry.max.min(i32::MAX as u32)
        )
    }

    /// Returns `turn`: a bucket of starts, which is empty at first and saves up those of 10 ms.
    fn turn(&self, rate_per_s: f64) -> String {
        let Limits { shared_by, .. } = self;
        let (about, share, first) = match shared_by {
            1 => (String::new(), String::new(), "now + interval"),
            _ => (
                format!(" Each of {shared_by} processes has its share of them."),
                format!(
                    "    let number = env::var(\"WORKER\").unwrap_or_default();\n    \
                     let number = number.parse().unwrap_or(0);\n    let (first, interval) = (interval * (number + 1), interval * {shared_by});\n"
                ),
                "now + first",
            ),
        };
        format!(
            "/// Returns how long to wait for one's turn: {rate_per_s} attempts start per second.{about}
fn turn() -> Duration {{
    static DUE: std::sync::Mutex<Option<Instant>> = std::sync::Mutex::new(None);
    let interval = Duration::from_secs_f64(1.0 / {rate_per_s:?});
{share}    let (now, saved) = (Instant::now(), Duration::from_millis(10));
    let mut due = DUE.lock().expect(\"nobody panics here\");
    let at = due.map_or({first}, |due| due.max(now - saved));
    *due = Some(at + interval);
    at.saturating_duration_since(now)
}}
"
        )
    }

    /// Returns true if a thread sleeps that must not sleep beyond a deadline.
    fn sleeps_until_deadline(&self) -> bool {
        self.tells_deadline() && (self.retry.is_some() || self.rate_per_s.is_some() || self.waits)
    }
}

/// The function `sleep`.
const SLEEP: &str = "\
/// Sleeps, but not beyond the deadline.
fn sleep(time: Duration, deadline: Instant) -> io::Result<()> {
    let left = deadline.saturating_duration_since(Instant::now());
    thread::sleep(time.min(left));
    if left < time {
        return Err(io::ErrorKind::TimedOut.into());
    }
    Ok(())
}
";

/// Returns `pause`: a random share of a bound that grows.
fn pause(retry: &RetryPolicy) -> String {
    let base = duration(retry.base);
    let (about, growth) = match retry.backoff {
        Backoff::Constant => ("of the longest", String::new()),
        Backoff::Exponential => {
            ("of a bound that doubles", format!(" * 2_f64.powi(retry.min({MAX_DOUBLINGS}))"))
        }
    };
    format!(
        "/// Returns the pause before a retry: a random share {about}.
fn pause(retry: i32) -> Duration {{
    let share = RandomState::new().hash_one(retry) as f64 / u64::MAX as f64;
    {base}.mul_f64(share{growth})
}}
"
    )
}
