#!/usr/bin/env bash
# futures' buffer_unordered: what is in flight stands still while the loop works on a result, so deadlines pass.
#
# Guess:     `while let Some(result) = stream.next().await` over buffer_unordered(4) keeps four jobs going, also while
#            the body of the loop awaits something else.
# Version:   futures-util 0.3.34, tokio 1.54.1, Rust 1.95.0, Linux
# Behaviour: the jobs are part of the stream and are polled only inside next(). A body that takes 3 s stops them for
#            3 s between two of their steps, so a job of 1 s fails a tokio timeout of 2 s, as would a request whose
#            server hangs up meanwhile. The same jobs, each in a task of its own (tokio::spawn), all keep the limit.
# Output:    jobs within their limit, of 4: in the stream 1, as tasks 4
# Date:      2026-11-28
# Source:    seen by running it, and issue 2387 of futures-rs; the documentation of buffer_unordered does not tell of it
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/src"
cat >"$scratch/Cargo.toml" <<'TOML'
[package]
name = "in-flight"
version = "0.0.0"
edition = "2021"

[dependencies]
futures-util = { version = "=0.3.34", default-features = false, features = ["std"] }
tokio = { version = "=1.54.1", features = ["macros", "rt", "time"] }

[workspace]
TOML
cat >"$scratch/src/main.rs" <<'RS'
use futures_util::{stream, Stream, StreamExt};
use std::time::Duration;
use tokio::time::{sleep, timeout};

const STEP: Duration = Duration::from_millis(200);

/// Job of two to five steps; says whether they ended within the time of ten.
async fn job(number: usize) -> bool {
    let steps = async {
        for _ in 0..number + 2 {
            sleep(STEP).await;
        }
    };
    timeout(10 * STEP, steps).await.is_ok()
}

async fn in_time(results: impl Stream<Item = bool>) -> usize {
    let mut results = std::pin::pin!(results);
    let mut kept = usize::from(results.next().await == Some(true));
    sleep(15 * STEP).await; // the first result is worked on
    while let Some(ended) = results.next().await {
        kept += usize::from(ended);
    }
    kept
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let polled = in_time(stream::iter(0..4).map(job).buffer_unordered(4)).await;
    let tasks = stream::iter(0..4).map(|number| async move { tokio::spawn(job(number)).await.unwrap() });
    let spawned = in_time(tasks.buffer_unordered(4)).await;
    println!("jobs within their limit, of 4: in the stream {polled}, as tasks {spawned}");
    assert_eq!(spawned, 4, "the comparison has changed");
    assert!(polled < 4, "jobs now go on by themselves");
}
RS
CARGO_TARGET_DIR=$scratch/target cargo run --quiet --manifest-path "$scratch/Cargo.toml"
