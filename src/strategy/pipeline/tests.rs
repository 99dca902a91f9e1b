//! Tests of the stages with steps that keep books.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

type Step = Box<dyn Fn(u64) -> Result<(), Error> + Send + Sync>;

/// Steps that count the tasks between the start of the first and the end of the last one.
struct Books {
    steps: Vec<Step>,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    /// The tasks in the order in which they reached each step.
    arrivals: Vec<Mutex<Vec<u64>>>,
}

impl Books {
    fn of(steps: Vec<Step>) -> Arc<Self> {
        let arrivals = steps.iter().map(|_| Mutex::default()).collect();
        Arc::new(Books {
            steps,
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            arrivals,
        })
    }

    fn arrivals(&self, step: usize) -> Vec<u64> {
        self.arrivals[step].lock().expect("no step panics while it holds the list").clone()
    }
}

impl Steps for Books {
    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn index(&self, position: u64) -> u64 {
        position
    }

    fn run_step(
        &self,
        step: usize,
        position: u64,
        _: Option<Instant>,
        input: StepOutput,
    ) -> Result<StepOutput, Error> {
        self.arrivals[step].lock().expect("no step panics while it holds the list").push(position);
        if step == 0 {
            let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_in_flight.fetch_max(now, Ordering::SeqCst);
        }
        let result = (self.steps[step])(position);
        if result.is_err() || step + 1 == self.steps.len() {
            self.in_flight.fetch_sub(1, Ordering::SeqCst);
        }
        result.map(|()| StepOutput::of_number(input.digest + 1))
    }
}

fn nothing() -> Step {
    Box::new(|_| Ok(()))
}

fn slow(time: Duration) -> Step {
    Box::new(move |_| {
        std::thread::sleep(time);
        Ok(())
    })
}

fn run(books: &Arc<Books>, stages: Stages, ordered: Option<usize>, tasks: u64) -> TaskOutcomes {
    let queue = Arc::new(TaskQueue::new(0..tasks, stages.width()));
    let line = Line::start(Arc::clone(books), stages, ordered).expect("a few threads");
    queue.release();
    Box::new(line).run(&queue).outcomes
}

fn stages(workers: &[usize], queue: u32) -> Stages {
    Stages::new(workers, queue).expect("a few stages")
}

#[test]
fn a_slow_last_stage_holds_back_the_first_ones() {
    let plan = stages(&[4, 2, 1], 3);
    let books = Books::of(vec![nothing(), nothing(), slow(Duration::from_millis(1))]);
    let outcomes = run(&books, plan, None, 100);
    assert_eq!(outcomes.counts.ok, 100);
    let most = books.most_in_flight.load(Ordering::SeqCst);
    assert!(most <= plan.in_flight(), "{most} > {}", plan.in_flight());
    assert!(most > plan.width(), "the queues fill up: {most}");
    assert_eq!(outcomes.digest, run(&books, stages(&[1, 1, 1], 1), None, 100).digest);
}

#[test]
fn a_step_gets_its_tasks_in_order_and_no_more_of_them_are_in_flight() {
    let plan = stages(&[4, 3, 1], 2);
    // Some tasks take long, and some fail, before the order matters.
    let uneven: Step = Box::new(|position| match position % 7 {
        0 => {
            std::thread::sleep(Duration::from_millis(2));
            Ok(())
        }
        3 => Err(Error::timed_out()),
        _ => Ok(()),
    });
    let books = Books::of(vec![nothing(), uneven, nothing()]);
    let outcomes = run(&books, plan, Some(2), 210);
    assert_eq!((outcomes.counts.ok, outcomes.counts.timed_out), (180, 30));
    let expected: Vec<u64> = (0..210).filter(|position| position % 7 != 3).collect();
    assert_eq!(books.arrivals(2), expected);
    let most = books.most_in_flight.load(Ordering::SeqCst);
    assert!(most <= plan.in_flight() + 1, "{most} > {}", plan.in_flight());
}

#[test]
fn tasks_that_fail_and_panic_end_where_they_are() {
    let fails: Step = Box::new(|position| match position % 4 {
        0 => Err(Error::new(Code::TaskNetwork, "reset")),
        1 => panic!("as it should"),
        _ => Ok(()),
    });
    let books = Books::of(vec![nothing(), fails, nothing()]);
    let outcomes = run(&books, stages(&[2, 2, 2], 1), None, 80);
    assert_eq!((outcomes.counts.ok, outcomes.counts.failed, outcomes.counts.started()), (40, 40, 80));
    assert_eq!(books.arrivals(2).len(), 40, "what failed goes no further");
    assert_eq!(outcomes.errors().len(), 2);
}

#[test]
fn a_batch_that_is_stopped_finishes_what_it_began() {
    let books = Books::of(vec![nothing(), slow(Duration::from_millis(1))]);
    let queue = Arc::new(TaskQueue::new(0..1_000_000, 2));
    let line = Line::start(Arc::clone(&books), stages(&[1, 1], 4), Some(1)).expect("two threads");
    let stopper = Arc::clone(&queue);
    let stops = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        stopper.stop();
    });
    let outcomes = Box::new(line).run(&queue).outcomes;
    stops.join().expect("it only sleeps");
    assert_eq!(outcomes.counts.ok, outcomes.counts.started());
    assert_eq!(books.arrivals(0).len() as u64, outcomes.counts.ok);
    assert_eq!(books.in_flight.load(Ordering::SeqCst), 0);
}

#[test]
fn a_line_that_never_runs_leaves_no_threads() {
    let books = Books::of(vec![nothing(), nothing()]);
    let Line { starts, threads, .. } =
        Line::start(Arc::clone(&books), stages(&[2, 2], 1), None).expect("four threads");
    drop(starts);
    threads.into_iter().for_each(|thread| assert_eq!(thread.join().expect("ends").counts.started(), 0));
}
