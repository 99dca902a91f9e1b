// Sends every event to all subscribers; one that lags learns how many it missed.
// Prints: fast received 20, slow missed 12 and received 8

use tokio::sync::broadcast::{self, error::RecvError};

#[tokio::main]
async fn main() {
    let (events, mut slow) = broadcast::channel(8);
    let mut fast = events.subscribe();
    let mut received = 0;
    for number in 0..20 {
        events.send(number).expect("subscribers");
        received += fast.recv().await.map_or(0, |_| 1);
    }
    drop(events);
    let (mut late, mut missed) = (0, 0);
    loop {
        match slow.recv().await {
            Ok(_) => late += 1,
            Err(RecvError::Lagged(count)) => missed += count,
            Err(RecvError::Closed) => break,
        }
    }
    println!("fast received {received}, slow missed {missed} and received {late}");
}
