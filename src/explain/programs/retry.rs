// Repeats requests that fail for a reason that may pass, with growing random pauses.
// Prints: answered after 4 attempts

use std::io::{Error, ErrorKind};
use std::time::Duration;

const ATTEMPTS: u32 = 5;
const BASE: Duration = Duration::from_millis(2);

async fn retry<T>(mut request: impl AsyncFnMut() -> Result<T, Error>) -> Result<T, Error> {
    for attempt in 0..ATTEMPTS - 1 {
        match request().await {
            Err(error) if may_pass(&error) => {}
            ended => return ended,
        }
        // Full jitter: clients that failed together do not come back together.
        let longest = BASE * 2_u32.pow(attempt);
        tokio::time::sleep(longest.mul_f64(rand::random())).await;
    }
    request().await
}

fn may_pass(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::TimedOut)
}

#[tokio::main]
async fn main() {
    let mut attempts = 0;
    let answer = retry(async || {
        attempts += 1;
        if attempts <= 3 { Err(ErrorKind::ConnectionReset.into()) } else { Ok("ok") }
    });
    answer.await.expect("an answer");
    println!("answered after {attempts} attempts");
}
