//! Sends items to the workers, in chunks, as long as there is room for them.

use std::time::Duration;

use crossbeam_channel::Sender;

use crate::cluster::dask::flight::{Flight, Sent};
use crate::cluster::dask::inner_width::InnerWidth;
use crate::cluster::watch::Left;
use crate::job::callable::{argument, python_string};
use crate::job::callable_strategy::{CallableForm, FirstItems, ItemCost};
use crate::job::command::{CommandTemplate, Rendered};
use crate::job::finisher::Finisher;
use crate::job::items::JobItem;
use crate::job::outcome::{Attempt, Ending, Finished};
use crate::job::scheduler::Work;
use crate::python::cluster_client::{ChunkHead, ClusterClient};
use crate::strategy::StrategyKind;

/// What items are, in a message to a worker.
#[derive(Debug)]
pub(crate) enum Payload<'a> {
    /// The argument of a callable.
    Argument {
        /// Whether it takes numbers, and no text.
        takes_numbers: bool,
    },
    /// The words of a command.
    Words(&'a CommandTemplate),
}

impl Payload<'_> {
    fn json(&self, item: &JobItem, slot: usize) -> String {
        match self {
            Payload::Argument { takes_numbers } => argument(item, *takes_numbers),
            Payload::Words(template) => {
                use std::os::unix::ffi::OsStrExt;
                let of = Rendered { item: &item.bytes, number: item.number, slot };
                let words = template.render(of).map(|word| python_string(word.as_bytes()));
                format!("[{}]", words.collect::<Vec<_>>().join(","))
            }
        }
    }
}

/// The way in which the first items say that the others are to run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The strategy that the user has fixed.
    pub(crate) strategy: Option<StrategyKind>,
    /// Whether the callable can be awaited.
    pub(crate) is_awaitable: bool,
    /// Items at a time, of all threads together, at most.
    pub(crate) max_width: usize,
    /// Whether that many are wanted.
    pub(crate) is_width_fixed: bool,
}

/// Everything that sends items.
pub(crate) struct Dispatcher<'a> {
    /// The chunks on their way.
    pub(crate) flight: &'a Flight,
    /// The connection.
    pub(crate) client: &'a ClusterClient,
    /// What items are.
    pub(crate) payload: Payload<'a>,
    /// How they are to run.
    pub(crate) plan: Plan,
    /// The items that are left.
    pub(crate) left: Left<'a>,
}

impl Dispatcher<'_> {
    /// Sends items until there are no more, or the run ends.
    pub(crate) fn run(&self, finisher: &Finisher<'_>, finished: &Sender<Finished>) {
        let mut awaits = false;
        match self.plan.strategy {
            Some(kind) => self.choose(kind, 0.0, &mut awaits),
            None => self.run_first(finisher, finished, &mut awaits),
        }
        while self.flight.wait_for_room() {
            let (size, width) = self.next_size();
            let works = finisher.scheduler.next_chunk(size);
            if works.is_empty() {
                return;
            }
            let suspects = self.suspects(&works);
            let (alone, together): (Vec<Work>, Vec<Work>) =
                works.into_iter().partition(|work| suspects.contains(&work.item.number));
            if !together.is_empty() {
                self.send(together, width, awaits, false, finisher);
            }
            alone.into_iter().for_each(|work| self.send_alone(work, awaits, finisher));
        }
    }

    /// Runs the first items one after another, and learns from them how the others are to run.
    fn run_first(&self, finisher: &Finisher<'_>, finished: &Sender<Finished>, awaits: &mut bool) {
        let form = CallableForm { is_awaitable: self.plan.is_awaitable, ..CallableForm::default() };
        let mut first = FirstItems::new(false, form, 1);
        while first.is_open() {
            let Some(work) = finisher.scheduler.next() else { return };
            let attempt = self.run_one(&work.item, finisher.limit());
            let seconds = attempt.seconds;
            let cost = ItemCost { seconds, cpu_s: attempt.cpu_s.unwrap_or(0.0), blocked_s: 0.0 };
            if attempt.ending.is_success() {
                let value = attempt.value.as_ref().map_or(0, String::len);
                self.flight.state().sizes.add(1, seconds, work.item.bytes.len() + value);
            }
            finisher.conclude(work, 1, attempt, finished);
            if let Some(mode) = first.add(cost) {
                self.choose(mode.kind, seconds, awaits);
            }
        }
    }

    fn choose(&self, kind: StrategyKind, item_s: f64, awaits: &mut bool) {
        *awaits = self.plan.is_awaitable && matches!(kind, StrategyKind::Async | StrategyKind::Hybrid);
        let mut state = self.flight.state();
        let per_thread = self.plan.max_width.div_ceil(state.threads.max(1)).max(1);
        state.inner = match kind {
            _ if self.plan.is_width_fixed => InnerWidth::fixed(per_thread),
            StrategyKind::Sequential | StrategyKind::Processes => InnerWidth::fixed(1),
            _ => InnerWidth::search(per_thread, item_s),
        };
    }

    fn next_size(&self) -> (usize, usize) {
        let state = self.flight.state();
        let width = state.inner.width();
        let left = self.left.all().map(|all| all.saturating_sub(state.sent_items));
        (state.sizes.next(left, state.threads, width), width)
    }

    fn suspects(&self, works: &[Work]) -> Vec<u64> {
        let mut state = self.flight.state();
        works.iter().map(|work| work.item.number).filter(|number| state.suspects.remove(number)).collect()
    }

    /// Sends an item when nothing else is on its way, and waits for its end.
    fn send_alone(&self, work: Work, awaits: bool, finisher: &Finisher<'_>) {
        if !self.flight.wait_until_empty() {
            // It counts as never run.
            return finisher.scheduler.done();
        }
        self.send(vec![work], 1, awaits, true, finisher);
        self.flight.wait_until_empty();
    }

    fn send(&self, works: Vec<Work>, width: usize, awaits: bool, is_alone: bool, finisher: &Finisher<'_>) {
        let limit = finisher.limit();
        let slot = {
            let state = self.flight.state();
            1 + (state.sent as usize) % state.threads.max(1)
        };
        let items: Vec<(u64, String)> =
            works.iter().map(|work| (work.item.number, self.payload.json(&work.item, slot))).collect();
        match self.flight.add(Sent { works, width, is_alone, reply: None }) {
            Ok(number) => self.write(ChunkHead { number, width, awaits, limit }, &items),
            Err(sent) => sent.works.iter().for_each(|_| finisher.scheduler.done()),
        }
    }

    fn write(&self, head: ChunkHead, items: &[(u64, String)]) {
        // If the client is gone, the one who receives finds out, and takes the chunk back.
        let _ = self.client.send(head, items);
    }

    /// Runs one item and waits for it.
    fn run_one(&self, item: &JobItem, limit: Option<Duration>) -> Attempt {
        let (reply, answer) = crossbeam_channel::bounded(1);
        let items = [(item.number, self.payload.json(item, 1))];
        let sent = Sent { works: Vec::new(), width: 1, is_alone: true, reply: Some(reply) };
        if let Ok(number) = self.flight.add(sent) {
            self.write(ChunkHead { number, width: 1, awaits: false, limit }, &items);
        }
        answer.recv().unwrap_or_else(|_| Attempt::ended(Ending::Stopped))
    }
}
