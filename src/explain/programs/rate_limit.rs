// Starts one request for each tick of an interval.
// Prints: 20 requests, none too early

use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

const APART: Duration = Duration::from_millis(5); // 200 per second.

#[tokio::main]
async fn main() {
    let start = Instant::now();
    let mut ticks = interval(APART);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay); // No burst after a pause.
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        ticks.tick().await;
        tasks.spawn(async move {
            let started = start.elapsed();
            tokio::time::sleep(Duration::from_millis(10)).await; // Stands for a request.
            started
        });
    }
    let mut starts = tasks.join_all().await;
    starts.sort();
    assert!(starts[19] >= 18 * APART);
    println!("{} requests, none too early", starts.len());
}
