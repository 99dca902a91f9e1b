// Stops when told to: takes no new job and finishes those that run.
// Prints: stopped early; all 1000 jobs are either done or left

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() {
    let jobs: Arc<Mutex<VecDeque<u32>>> = Arc::new(Mutex::new((0..1000).collect()));
    // In a program, `tokio::signal::ctrl_c()` sends the word.
    let (stop, stopped) = watch::channel(false);
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let (jobs, stopped) = (jobs.clone(), stopped.clone());
        workers.spawn(async move {
            let mut done = 0;
            while !*stopped.borrow() {
                let Some(_job) = jobs.lock().expect("no panic").pop_front() else { break };
                tokio::time::sleep(Duration::from_millis(2)).await; // Stands for a job.
                done += 1;
            }
            done
        });
    }
    tokio::time::sleep(Duration::from_millis(20)).await;
    stop.send(true).expect("workers");
    // A job that hangs must not keep the program alive.
    let ended = tokio::time::timeout(Duration::from_secs(10), workers.join_all());
    let done: usize = ended.await.expect("in time").into_iter().sum();
    let left = jobs.lock().expect("no panic").len();
    assert!(left > 0);
    println!("stopped early; all {} jobs are either done or left", done + left);
}
