// Starts all requests at once and takes each result as it comes.
// Prints: 40 started, 39 answered, 1 failed

use std::time::Duration;

use tokio::task::JoinSet;

async fn fetch(item: u32) -> Result<u32, String> {
    tokio::time::sleep(Duration::from_millis(20)).await; // Stands for a request.
    if item == 13 { Err(format!("no answer for {item}")) } else { Ok(item * item) }
}

#[tokio::main]
async fn main() {
    let mut tasks: JoinSet<_> = (0..40).map(fetch).collect();
    let started = tasks.len();
    let (mut answered, mut failed) = (0, 0);
    while let Some(ended) = tasks.join_next().await {
        match ended.expect("no task panics") {
            Ok(_) => answered += 1,
            Err(_) => failed += 1,
        }
    }
    println!("{started} started, {answered} answered, {failed} failed");
}
