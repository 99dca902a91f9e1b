// One producer feeds several consumers; `send` waits while ten items wait.
// Prints: 100 items consumed

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use crossbeam_channel::bounded;

fn main() {
    let consumed = AtomicU32::new(0);
    let (sender, receiver) = bounded(10);
    thread::scope(|scope| {
        scope
            .spawn(move || (0..100).for_each(|item| sender.send(item).expect("consumers")));
        for _ in 0..4 {
            let (receiver, consumed) = (receiver.clone(), &consumed);
            scope.spawn(move || {
                // Ends when the producer has dropped its sender and the channel is empty.
                for _item in receiver {
                    consumed.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    println!("{} items consumed", consumed.into_inner());
}
