//! Progress notifications of one call.

use std::time::{Duration, Instant};

use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::Peer;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::mcp::progress_line::ProgressLine;

/// Time between two notifications while nothing changes: clients take silence for a hang.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Sends the progress of one call to its caller, until it is dropped.
#[derive(Debug)]
pub(super) struct Reporter {
    state: watch::Sender<Option<ProgressLine>>,
    task: Option<JoinHandle<()>>,
}

impl Reporter {
    /// Starts to report to the caller, if it asked for progress.
    pub(super) fn start(peer: Peer<RoleServer>, token: Option<ProgressToken>) -> Self {
        let (state, receiver) = watch::channel(None);
        let task = token.map(|token| tokio::spawn(report(peer, token, receiver)));
        Reporter { state, task }
    }

    /// Reports that the call waits or does something without a command of its own.
    pub(super) fn say(&self, message: &str) {
        self.observe(ProgressLine { message: message.to_owned(), budget_s: None });
    }

    /// Reports a line of progress.
    pub(super) fn observe(&self, line: ProgressLine) {
        self.state.send_replace(Some(line));
    }
}

impl Drop for Reporter {
    fn drop(&mut self) {
        // No progress may follow the answer.
        self.task.iter().for_each(JoinHandle::abort);
    }
}

/// Sends every change, and the last state again and again: the progress is the seconds since the call began.
async fn report(
    peer: Peer<RoleServer>,
    token: ProgressToken,
    mut state: watch::Receiver<Option<ProgressLine>>,
) {
    let begin = Instant::now();
    // A sender that is gone ends this task.
    while !matches!(tokio::time::timeout(HEARTBEAT, state.changed()).await, Ok(Err(_))) {
        let line = state.borrow_and_update().clone();
        let Some(line) = line else { continue };
        let elapsed = begin.elapsed().as_secs_f64();
        let mut progress = ProgressNotificationParam::new(token.clone(), elapsed).with_message(line.message);
        // A call takes longer than it measures; a total that is exceeded would say less than none.
        progress.total = line.budget_s.filter(|budget| *budget >= elapsed);
        if peer.notify_progress(progress).await.is_err() {
            return;
        }
    }
}
