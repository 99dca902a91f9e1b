// One thread runs many tasks and switches where they await; blocking calls go to a thread.
// Prints: a starts, b starts, b ends, a ends, blocking call done

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::spawn_blocking;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (log, done) = (Mutex::new(Vec::new()), Notify::new());
    let note = |line| log.lock().expect("no panic").push(line);
    let a = async {
        note("a starts");
        done.notified().await; // Here other tasks run.
        note("a ends");
    };
    let b = async {
        note("b starts");
        tokio::time::sleep(Duration::from_millis(10)).await;
        note("b ends");
        done.notify_one();
    };
    tokio::join!(a, b);
    // thread::sleep in a task would stop every task of this thread.
    spawn_blocking(|| thread::sleep(Duration::from_millis(10))).await.expect("no panic");
    note("blocking call done");
    println!("{}", log.lock().expect("no panic").join(", "));
}
