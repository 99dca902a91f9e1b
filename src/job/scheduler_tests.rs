use super::*;

fn item(order: u64) -> JobItem {
    JobItem { number: order + 1, order, bytes: Box::default() }
}

fn scheduler(width: usize, items: u64) -> Scheduler {
    let scheduler = Scheduler::new(width, Shutdown::default());
    assert!((0..items).all(|i| scheduler.push(item(i))));
    scheduler.complete();
    scheduler
}

#[test]
fn items_come_in_order_and_a_retry_when_it_is_due() {
    let scheduler = scheduler(3, 2);
    let first = scheduler.next().expect("an item");
    assert_eq!((first.item.order, first.attempts), (0, 0));
    scheduler.again(Work { attempts: 1, ..first }, Duration::from_millis(30));
    assert_eq!(scheduler.next().expect("an item").item.order, 1);
    scheduler.done();
    let again = scheduler.next().expect("the retry");
    assert_eq!((again.item.order, again.attempts), (0, 1));
    scheduler.done();
    assert_eq!(scheduler.next(), None);
}

#[test]
fn no_more_run_than_the_width_allows() {
    let scheduler = scheduler(2, 20);
    let most = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while scheduler.next().is_some() {
                    most.fetch_max(scheduler.load().running, std::sync::atomic::Ordering::Relaxed);
                    scheduler.done();
                }
            });
        }
    });
    assert!(most.into_inner() <= 2);
}

#[test]
fn a_chunk_has_what_there_is_and_no_more_than_the_width_allows() {
    let scheduler = scheduler(5, 8);
    let orders =
        |at_most| -> Vec<u64> { scheduler.next_chunk(at_most).iter().map(|work| work.item.order).collect() };
    assert_eq!(orders(3), [0, 1, 2]);
    assert_eq!(orders(9), [3, 4]);
    (0..5).for_each(|_| scheduler.done());
    assert_eq!(orders(9), [5, 6, 7]);
    (0..3).for_each(|_| scheduler.done());
    assert!(scheduler.next_chunk(9).is_empty());
}

#[test]
fn a_held_run_goes_on_with_one_command() {
    let scheduler = scheduler(4, 4);
    scheduler.hold(true);
    assert!(scheduler.next().is_some());
    let mut state = scheduler.lock();
    assert_eq!((state.allowed(), state.running), (1, 1));
    state.is_held = false;
    assert_eq!(state.allowed(), 4);
    drop(state);
    assert!(!scheduler.shrink(), "only one command is running");
    assert_eq!(scheduler.lock().allowed(), 1);
}

#[test]
fn free_slots_count_as_starved_only_while_the_input_owes_an_item() {
    let scheduler = Scheduler::new(2, Shutdown::default());
    let pause = || std::thread::sleep(Duration::from_millis(5));
    assert_eq!(scheduler.load().starved_s, 0.0);
    pause();
    assert!(scheduler.push(item(0)));
    let waited_s = scheduler.load().starved_s;
    assert!(waited_s >= 0.01, "two slots were free for 5 ms: {waited_s}");
    pause();
    assert_eq!(scheduler.load().starved_s, waited_s, "an item was ready");
    assert!(scheduler.next().is_some());
    scheduler.complete();
    let before = scheduler.load().starved_s;
    pause();
    assert_eq!(scheduler.load().starved_s, before, "there are no more items");
}

#[test]
fn a_request_to_end_lets_nothing_start() {
    let shutdown = Shutdown::default();
    let scheduler = Scheduler::new(1, shutdown.clone());
    assert!(scheduler.push(item(0)));
    shutdown.ask(Stop::Soon);
    assert_eq!(scheduler.next(), None);
    assert!(!scheduler.push(item(1)));
}
