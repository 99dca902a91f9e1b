// Bounds the number of requests in flight.
// Prints: 60 answers, at most 10 requests at a time

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() {
    let limit = Arc::new(Semaphore::new(10));
    let (now, highest) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for item in 0..60 {
        let (limit, now, highest) = (limit.clone(), now.clone(), highest.clone());
        tasks.spawn(async move {
            // Held until the task ends.
            let _permit = limit.acquire().await.expect("never closed");
            highest.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await; // Stands for a request.
            now.fetch_sub(1, Ordering::SeqCst);
            item
        });
    }
    let answers = tasks.join_all().await.len();
    assert!(highest.load(Ordering::SeqCst) <= 10);
    println!("{answers} answers, at most 10 requests at a time");
}
