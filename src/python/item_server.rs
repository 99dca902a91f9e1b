//! An interpreter that runs items as they are sent, any number at a time.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::child::ChildError;
use crate::host::deadline::DeadlineKeeper;
use crate::python::answer_lines::AnswerLines;
use crate::python::harness_process::EXIT_GRACE;
use crate::python::line_pipe::LinePipe;
use crate::python::protocol::request::{HarnessRequest, ServeStrategy};
use crate::python::session::Session;
use crate::workload::Workload;

/// An answer of the interpreter before the first item.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum FirstEvent {
    /// The module is imported.
    Ready {},
    /// The module cannot be imported, or has no such callable.
    Failed { code: Code, message: String },
}

/// The end of one item.
#[derive(Debug, Deserialize)]
pub(crate) struct Served {
    /// The number of the item.
    #[serde(rename = "n")]
    pub(crate) number: u64,
    /// Seconds that it took.
    pub(crate) seconds: f64,
    /// CPU seconds of its thread; `None` if it shared one.
    pub(crate) cpu_s: Option<f64>,
    /// Seconds for which it held the event loop; `None` without one, and after the first items.
    #[serde(default)]
    pub(crate) held_s: Option<f64>,
    /// What it returned, if JSON has that; `None` also stands for Python's `None`.
    #[serde(default)]
    pub(crate) value: Option<Box<RawValue>>,
    /// What it returned, as Python writes it, if JSON does not have it.
    #[serde(default)]
    pub(crate) repr: Option<String>,
    /// The code of its failure.
    #[serde(default)]
    pub(crate) code: Option<Code>,
    /// Its failure in words.
    #[serde(default)]
    pub(crate) message: Option<String>,
    /// Seconds after which a server wants to be asked again.
    #[serde(default)]
    pub(crate) retry_after_s: Option<f64>,
}

/// A running interpreter that takes items.
#[derive(Debug)]
pub(crate) struct ItemServer {
    pipe: LinePipe,
}

/// The answers of an interpreter, to be read on one thread.
#[derive(Debug)]
pub(crate) struct ServedItems {
    answers: AnswerLines,
}

impl Session {
    /// Starts an interpreter that runs items of the workload as `strategy` says; `note_pid` learns of it before it has
    /// imported the module.
    ///
    /// # Errors
    /// When it cannot be started, or the module not be imported in time.
    pub(crate) fn item_server(
        &self,
        workload: &Workload,
        strategy: ServeStrategy,
        note_pid: impl FnOnce(u32),
    ) -> Result<(ItemServer, ServedItems), Error> {
        let (pipe, answers) = self.piped()?;
        let server = ItemServer { pipe };
        note_pid(server.pid());
        let request = HarnessRequest::Serve { header: self.requests.header(workload), strategy };
        // If the process died before it read, the answer will be missing.
        let _ = server.pipe.write(&serde_json::to_string(&request).unwrap_or_default());
        let mut answers = ServedItems { answers };
        answers.ready(self.exchange.timeouts.import + self.exchange.timeouts.start)?;
        Ok((server, answers))
    }
}

impl ItemServer {
    /// Returns the process ID.
    pub(crate) fn pid(&self) -> u32 {
        self.pipe.pid()
    }

    /// Sends an item, which is JSON.
    ///
    /// # Errors
    /// When the interpreter is gone.
    pub(crate) fn send(&self, number: u64, item: &str) -> std::io::Result<()> {
        self.pipe.write(&format!("{{\"n\":{number},\"item\":{item}}}"))
    }

    /// Gives up on an item that is awaited; its answer comes nevertheless.
    ///
    /// # Errors
    /// When the interpreter is gone.
    pub(crate) fn cancel(&self, number: u64) -> std::io::Result<()> {
        self.pipe.write(&json!({ "cancel": number }).to_string())
    }

    /// Says that no more items come: the interpreter ends after those that it has.
    pub(crate) fn close(&self) {
        self.pipe.close();
    }
}

impl ServedItems {
    fn ready(&mut self, limit: Duration) -> Result<(), Error> {
        let keeper = DeadlineKeeper::new();
        let watch = keeper.watch(self.answers.pid(), Instant::now() + limit);
        self.answers.skip_to_greeting();
        let event: Option<FirstEvent> = self.answers.next();
        let is_late = watch.end();
        if let Some(broken) = self.answers.broken() {
            return Err(broken.clone());
        }
        match event {
            Some(FirstEvent::Ready {}) => Ok(()),
            Some(FirstEvent::Failed { code, message }) => Err(Error::new(code, message)),
            _ if is_late => Err(Error::from(ChildError::Late(limit)).context("importing")),
            _ => Err(Error::new(
                Code::PythonImport,
                format!("the interpreter {} while importing", self.ended()),
            )),
        }
    }

    /// Waits for the end of the next item; `None` if the interpreter has ended.
    pub(crate) fn next(&mut self) -> Option<Served> {
        self.answers.next()
    }

    /// Waits for the end of the process and returns it in words, such as "was ended by signal 11".
    pub(crate) fn ended(&mut self) -> String {
        self.answers.ended(EXIT_GRACE)
    }
}
