//! `threads`: a fixed pool of OS threads fed by a bounded channel, blocking calls.

use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::strategy::feed::Feed;
use crate::strategy::job::{Job, Pool, StartError, Strategy};
use crate::strategy::worker::run_chunks;
use crate::workload::Program;
use crate::workload::tally::Tally;

/// A pool of threads.
#[derive(Debug)]
pub struct Threads;

/// What a thread is sent: the feed once, for what it learns, and then chunks.
struct Order {
    feed: Arc<Feed>,
    chunk: Range<u64>,
}

struct ThreadPool {
    orders: Option<Sender<Order>>,
    threads: Vec<JoinHandle<Tally>>,
}

impl Strategy for Threads {
    fn start(&self, job: &Job) -> Result<Box<dyn Pool>, StartError> {
        // One chunk waits while one runs: enough to keep a thread busy, little to hold back at a stop.
        let (orders, inbox) = bounded(job.width);
        let (ready, readiness) = bounded(job.width);
        let mut pool = ThreadPool { orders: Some(orders), threads: Vec::with_capacity(job.width) };
        for i in 0..job.width {
            let (program, inbox, ready) = (Arc::clone(&job.program), inbox.clone(), ready.clone());
            let thread = std::thread::Builder::new()
                .name(format!("worker-{i}"))
                .spawn(move || work(&program, &inbox, &ready))
                .map_err(|e| {
                    StartError::new(&format!("cannot start thread {} of {}", i + 1, job.width), &e)
                })?;
            pool.threads.push(thread);
        }
        drop(ready);
        readiness.iter().take(job.width).for_each(drop);
        Ok(Box::new(pool))
    }
}

/// One thread: tells that it is ready, then runs what it is sent until the channel closes.
fn work(program: &Program, inbox: &Receiver<Order>, ready: &Sender<()>) -> Tally {
    let mut tally = Tally::default();
    // Nobody listens when another thread could not be started; the channel is closed then as well.
    let _ = ready.send(());
    // A chunk that waited in the channel when the feed was stopped has not been started.
    for order in inbox.iter().filter(|order| !order.feed.is_stopped()) {
        run_chunks(program, &order.feed, std::iter::once(order.chunk), &mut tally);
    }
    tally
}

impl Pool for ThreadPool {
    fn run(&mut self, feed: &Arc<Feed>) -> Tally {
        let Some(orders) = self.orders.take() else { return Tally::default() };
        while let Some(chunk) = feed.pull(u64::MAX) {
            if orders.send(Order { feed: Arc::clone(feed), chunk }).is_err() {
                break;
            }
        }
        drop(orders);
        let mut tally = Tally::default();
        for thread in self.threads.drain(..) {
            tally.merge(&thread.join().expect("a worker catches the panics of its tasks"));
        }
        tally
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.orders = None;
        for thread in self.threads.drain(..) {
            // Its tally is lost on purpose: the pool never ran.
            let _ = thread.join();
        }
    }
}
