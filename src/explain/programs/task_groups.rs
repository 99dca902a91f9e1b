// A JoinSet owns its tasks: the first failure ends the others, which dropping it does too.
// Prints: 3 answers; then 1 failed, 2 cancelled

use std::time::Duration;

use tokio::task::JoinSet;

async fn fetch(number: i32) -> Result<i32, String> {
    if number < 0 {
        return Err(format!("no page {number}"));
    }
    let seconds = if number < 4 { 0 } else { 600 };
    tokio::time::sleep(Duration::from_secs(seconds)).await; // Stands for a request.
    Ok(number)
}

#[tokio::main]
async fn main() {
    let answers =
        [1, 2, 3].map(fetch).into_iter().collect::<JoinSet<_>>().join_all().await.len();
    let mut tasks: JoinSet<_> = [4, 5, -1].map(fetch).into_iter().collect();
    let (mut failed, mut cancelled) = (0, 0);
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(Ok(_)) => {}
            Ok(Err(_)) => {
                failed += 1;
                tasks.abort_all();
            }
            Err(error) => cancelled += u32::from(error.is_cancelled()),
        }
    }
    println!("{answers} answers; then {failed} failed, {cancelled} cancelled");
}
