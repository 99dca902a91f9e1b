//! The interpreter that connects to a cluster of `dask.distributed`: chunks of items go in, results come out.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::child::ChildError;
use crate::host::deadline::DeadlineKeeper;
use crate::python::answer_lines::AnswerLines;
use crate::python::item_server::Served;
use crate::python::line_pipe::LinePipe;
use crate::python::protocol::request::{HarnessRequest, RequestHeader, ServeStrategy};
use crate::python::session::Session;
use crate::workload::Workload;

/// Time for the client to connect, to start a cluster of its own, and to prepare the workers.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// Time for the client to take its leave of the cluster, or to end its own.
const CLOSE_LIMIT: Duration = Duration::from_secs(15);

/// A package of which client, scheduler and workers have different versions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct VersionDifference {
    /// The name of the package.
    pub(crate) package: String,
    /// The version of the client, if it has the package.
    pub(crate) client: Option<String>,
    /// The version of the scheduler, if it has the package.
    pub(crate) scheduler: Option<String>,
    /// The versions of the workers.
    pub(crate) workers: Vec<String>,
}

/// A cluster that is ready for chunks.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ClusterInfo {
    /// The address of the scheduler.
    pub(crate) scheduler: String,
    /// Workers at the start; an adaptive cluster may have none yet.
    pub(crate) workers: usize,
    /// Their threads.
    pub(crate) threads: usize,
    /// The version of `distributed` at the client.
    pub(crate) version: String,
    /// The packages with different versions.
    pub(crate) differences: Vec<VersionDifference>,
    /// Seconds that one more message costs; `None` without any worker.
    pub(crate) message_s: Option<f64>,
}

/// An item that ended on a worker: that of a callable, or of a command.
#[derive(Debug)]
pub(crate) struct Ended {
    /// What an item of a callable has as well.
    pub(crate) served: Served,
    /// What only workers of a cluster say.
    pub(crate) more: OnWorker,
}

/// What workers of a cluster say of an item.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct OnWorker {
    /// The time at which it started, in seconds since 1970 by the clock of the worker.
    pub(crate) started: f64,
    /// Whether it took longer than it may.
    #[serde(default)]
    pub(crate) timed_out: bool,
    /// The exit status of a command.
    #[serde(default)]
    pub(crate) exit: Option<i32>,
    /// The signal that ended a command.
    #[serde(default)]
    pub(crate) signal: Option<i32>,
    /// The reason why a command could not be started.
    #[serde(default)]
    pub(crate) broken: Option<String>,
    /// The standard output of a command, in base64.
    #[serde(default)]
    pub(crate) stdout: Option<String>,
    /// The standard error of a command, in base64.
    #[serde(default)]
    pub(crate) stderr: Option<String>,
}

impl Ended {
    /// Reads the end of an item.
    ///
    /// # Errors
    /// When the client and this side do not agree on its form.
    pub(crate) fn parse(json: &RawValue) -> serde_json::Result<Self> {
        // Twice, because a value that is kept as it is written cannot be part of a flattened struct.
        Ok(Ended { served: serde_json::from_str(json.get())?, more: serde_json::from_str(json.get())? })
    }
}

/// A message of the client.
#[derive(Debug, Deserialize)]
#[serde(try_from = "Line")]
pub(crate) enum ClientEvent {
    /// A chunk has ended.
    Done {
        /// The number of the chunk.
        chunk: u64,
        /// Seconds on its worker.
        seconds: f64,
        /// One [`Ended`] for each item that was run.
        results: Vec<Box<RawValue>>,
    },
    /// Workers have died while they had the chunk, or it could not be run at all.
    Lost {
        /// The number of the chunk.
        chunk: u64,
        /// Whether workers died, so that its items run again.
        is_worker_death: bool,
        /// What the cluster says.
        message: String,
    },
    /// Workers have come or gone.
    Workers {
        /// Their number.
        workers: usize,
        /// Their threads.
        threads: usize,
    },
    /// The scheduler is gone, and with it every chunk.
    Gone(Error),
}

/// A message as it is written; which fields it has depends on the event.
#[derive(Debug, Deserialize)]
struct Line {
    event: String,
    #[serde(default)]
    chunk: u64,
    #[serde(default)]
    seconds: f64,
    #[serde(default)]
    results: Vec<Box<RawValue>>,
    #[serde(default)]
    workers: usize,
    #[serde(default)]
    threads: usize,
    #[serde(default)]
    code: Option<Code>,
    #[serde(default)]
    message: String,
}

impl TryFrom<Line> for ClientEvent {
    type Error = String;

    fn try_from(line: Line) -> Result<Self, String> {
        let Line { event, chunk, seconds, results, workers, threads, code, message } = line;
        Ok(match event.as_str() {
            "done" => ClientEvent::Done { chunk, seconds, results },
            "lost" => ClientEvent::Lost { chunk, is_worker_death: true, message },
            "broken" => ClientEvent::Lost { chunk, is_worker_death: false, message },
            "workers" => ClientEvent::Workers { workers, threads },
            "gone" => ClientEvent::Gone(Error::new(code.unwrap_or(Code::EngineLost), message)),
            _ => return Err(format!("an unknown event '{event}'")),
        })
    }
}

/// The first message of the client.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum FirstEvent {
    Ready(ClusterInfo),
    Failed { code: Code, message: String },
}

/// A cluster to connect to, or to start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterAddress {
    /// The address of the scheduler; `None` starts a cluster on this machine.
    pub(crate) address: Option<String>,
    /// Worker processes of a cluster that is started here.
    pub(crate) workers: usize,
}

/// Items that go to a worker in one message.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ChunkHead {
    /// The number of the chunk.
    pub(crate) number: u64,
    /// Items that run at the same time on the worker.
    pub(crate) width: usize,
    /// Whether they are awaited on an event loop.
    pub(crate) awaits: bool,
    /// The longest time of an item.
    pub(crate) limit: Option<Duration>,
}

/// The connection to a cluster.
#[derive(Debug)]
pub(crate) struct ClusterClient {
    pipe: LinePipe,
}

/// The messages of the client, to be read on one thread.
#[derive(Debug)]
pub(crate) struct ClientEvents {
    answers: AnswerLines,
}

impl Session {
    /// Starts the client of a cluster for a callable, or for commands without a workload.
    ///
    /// # Errors
    /// When `distributed` is missing, there is no scheduler, or its workers cannot run the callable.
    pub(crate) fn cluster_client(
        &self,
        workload: Option<&Workload>,
        cluster: &ClusterAddress,
    ) -> Result<(ClusterClient, ClientEvents, ClusterInfo), Error> {
        let (pipe, answers) = self.piped()?;
        let client = ClusterClient { pipe };
        let header = workload.map(|workload| self.requests.header(workload));
        let serve = header.clone().map(|header| {
            // How items overlap is said with each chunk.
            Box::new(HarnessRequest::Serve { header, strategy: ServeStrategy::Threads })
        });
        let nothing =
            RequestHeader { steps: Vec::new(), own_items: false, most_items: None, import_limit_s: 0.0 };
        let request = HarnessRequest::Cluster {
            header: header.unwrap_or(nothing),
            address: cluster.address.clone(),
            workers: cluster.workers,
            serve,
            directory: std::env::current_dir().unwrap_or_default(),
            scratch: self.exchange.scratch.join("cluster"),
        };
        // If the process died before it read, the answer will be missing.
        let _ = client.pipe.write(&serde_json::to_string(&request).unwrap_or_default());
        let mut events = ClientEvents { answers };
        let info = events.ready()?;
        Ok((client, events, info))
    }
}

impl ClusterClient {
    /// Returns the process ID of the client.
    pub(crate) fn pid(&self) -> u32 {
        self.pipe.pid()
    }

    /// Sends a chunk; each item is its number and JSON.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) fn send(&self, head: ChunkHead, items: &[(u64, String)]) -> std::io::Result<()> {
        let limit_s = head.limit.map(|limit| limit.as_secs_f64());
        let listed: Vec<String> = items.iter().map(|(number, item)| format!("[{number},{item}]")).collect();
        self.pipe.write(&format!(
            "{{\"chunk\":{},\"width\":{},\"awaits\":{},\"limit_s\":{},\"items\":[{}]}}",
            head.number,
            head.width,
            head.awaits,
            json!(limit_s),
            listed.join(",")
        ))
    }

    /// Lets no more items begin on the workers.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) fn stop(&self) -> std::io::Result<()> {
        self.pipe.write("{\"stop\":\"soon\"}")
    }

    /// Kills the commands that run on the workers and lets no more items begin.
    ///
    /// # Errors
    /// When the client is gone.
    pub(crate) fn stop_now(&self) -> std::io::Result<()> {
        self.pipe.write("{\"stop\":\"now\"}")
    }

    /// Says that no more chunks come: the client takes its leave of the cluster.
    pub(crate) fn close(&self) {
        self.pipe.close();
    }
}

impl ClientEvents {
    fn ready(&mut self) -> Result<ClusterInfo, Error> {
        let keeper = DeadlineKeeper::new();
        let watch = keeper.watch(self.answers.pid(), Instant::now() + READY_LIMIT);
        self.answers.skip_to_greeting();
        let event: Option<FirstEvent> = self.answers.next();
        let is_late = watch.end();
        if let Some(broken) = self.answers.broken() {
            return Err(broken.clone());
        }
        match event {
            Some(FirstEvent::Ready(info)) => Ok(info),
            Some(FirstEvent::Failed { code, message }) => Err(Error::new(code, message)),
            None if is_late => Err(Error::from(ChildError::Late(READY_LIMIT)).context("the cluster")),
            None => Err(Error::new(Code::EngineLost, format!("its client {}", self.ended()))),
        }
    }

    /// Waits for the next message; `None` if the client has ended, or sends what is no message.
    pub(crate) fn next(&mut self) -> Option<ClientEvent> {
        self.answers.next()
    }

    /// Waits for the end of the client, which is killed if it takes too long; returns it in words.
    pub(crate) fn ended(&mut self) -> String {
        self.answers.ended(CLOSE_LIMIT)
    }
}
