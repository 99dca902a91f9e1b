//! Takes what comes back from the workers.

use std::collections::HashMap;
use std::path::Path;

use crossbeam_channel::Sender;
use serde_json::value::RawValue;

use crate::cluster::dask::ended_item;
use crate::cluster::dask::flight::{Flight, Sent};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::job::finisher::Finisher;
use crate::job::outcome::{Attempt, Ending, Finished};
use crate::job::scheduler::Work;
use crate::job::shutdown::Stop;
use crate::python::cluster_client::{ClientEvent, ClientEvents, ClusterClient};

/// The slot that items of an engine have in records: only their worker could tell theirs.
const SLOT: usize = 1;

/// Everything that takes results.
pub(crate) struct Receiver<'a> {
    /// The chunks on their way.
    pub(crate) flight: &'a Flight,
    /// What finishes items.
    pub(crate) finisher: &'a Finisher<'a>,
    /// The connection, to end what runs.
    pub(crate) client: &'a ClusterClient,
    /// The way to the committer.
    pub(crate) finished: Sender<Finished>,
    /// The directory for large outputs.
    pub(crate) scratch: &'a Path,
}

impl Receiver<'_> {
    /// Takes results until the client ends.
    pub(crate) fn run(&self, events: &mut ClientEvents) {
        while let Some(event) = events.next() {
            self.take(event);
        }
        let is_expected = self.flight.state().is_closing || self.finisher.shutdown.asked().is_some();
        let how = events.ended();
        let error =
            (!is_expected).then(|| Error::new(Code::EngineLost, format!("the client of the cluster {how}")));
        self.lose(error);
    }

    fn take(&self, event: ClientEvent) {
        match event {
            ClientEvent::Done { chunk, seconds, results } => {
                let Some(sent) = self.flight.take(chunk) else { return };
                self.done(sent, seconds, &results);
            }
            ClientEvent::Lost { chunk, is_worker_death, message } => {
                let Some(sent) = self.flight.take(chunk) else { return };
                self.lost(sent, is_worker_death, &message);
            }
            ClientEvent::Workers { workers, threads } => {
                let mut state = self.flight.state();
                (state.workers, state.threads) = (workers, threads);
                drop(state);
                self.flight.changed();
            }
            ClientEvent::Gone(error) => self.lose(Some(error)),
        }
    }

    fn done(&self, mut sent: Sent, seconds: f64, results: &[Box<RawValue>]) {
        let mut state = self.flight.state();
        state.done += 1;
        if sent.reply.is_none() {
            let items: usize = sent.works.iter().map(|work| work.item.bytes.len()).sum();
            let bytes = items + results.iter().map(|json| json.get().len()).sum::<usize>();
            state.sizes.add(results.len(), seconds, bytes);
            state.inner.add(sent.width, results.len(), seconds);
        }
        drop(state);
        let numbered = |work: Work| (work.item.number, work);
        let mut works: HashMap<u64, Work> = sent.works.drain(..).map(numbered).collect();
        for json in results {
            let Some((number, attempt)) = ended_item::read(json, self.scratch) else { continue };
            if let Some(reply) = &sent.reply {
                let _ = reply.send(attempt);
                return;
            }
            if let Some(work) = works.remove(&number) {
                self.conclude(work, attempt);
            }
        }
        // What the worker has not run, because the run ends.
        sent.works = works.into_values().collect();
        self.give_back(sent);
    }

    /// Takes a chunk back whose workers died, or that no worker could run.
    fn lost(&self, sent: Sent, is_worker_death: bool, message: &str) {
        let is_only = sent.works.len() + usize::from(sent.reply.is_some()) == 1;
        let (code, reason) = if is_worker_death {
            (Code::PoolWorkerDied, message.to_owned())
        } else {
            (Code::EngineUnfit, format!("the cluster cannot run it: {message}"))
        };
        if !is_worker_death && self.flight.state().done == 0 {
            // No item is to blame: the cluster cannot run anything.
            self.give_back(sent);
            return self.lose(Some(Error::new(code, reason)));
        }
        if !(is_only && sent.is_alone) {
            let mut state = self.flight.state();
            state.sent_again += 1;
            state.suspects.extend(sent.works.iter().map(|work| work.item.number));
            drop(state);
            let again = |work| self.finisher.scheduler.again(work, std::time::Duration::ZERO);
            return sent.works.into_iter().for_each(again);
        }
        let attempt = || Attempt::ended(Ending::Raised(code, reason.clone()));
        if let Some(reply) = &sent.reply {
            let _ = reply.send(attempt());
        }
        sent.works.into_iter().for_each(|work| self.conclude(work, attempt()));
    }

    /// Ends the run, because nothing more can come back.
    fn lose(&self, error: Option<Error>) {
        let is_lost = error.is_some();
        self.flight.lose(error).into_iter().for_each(|sent| self.give_back(sent));
        if is_lost {
            self.finisher.scheduler.wake(Stop::Soon);
        }
    }

    fn give_back(&self, sent: Sent) {
        if let Some(reply) = &sent.reply {
            let _ = reply.send(Attempt::ended(Ending::Stopped));
        }
        sent.works.into_iter().for_each(|work| self.conclude(work, Attempt::ended(Ending::Stopped)));
    }

    fn conclude(&self, work: Work, attempt: Attempt) {
        if self.finisher.conclude(work, SLOT, attempt, &self.finished) == Some(Stop::Now) {
            let _ = self.client.stop_now();
        }
    }
}
