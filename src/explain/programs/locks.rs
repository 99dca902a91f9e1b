// A mutex owns what it protects; for one number, an atomic is enough.
// Prints: 4 threads counted to 40000, and stored 40 names

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

fn main() {
    let total = AtomicU32::new(0);
    let names = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for thread in 0..4 {
            let (total, names) = (&total, &names);
            scope.spawn(move || {
                for number in 0..10_000 {
                    total.fetch_add(1, Ordering::Relaxed);
                    if number % 1_000 == 0 {
                        // Made before the lock is taken.
                        let name = format!("{thread}/{number}");
                        names.lock().expect("no panic").push(name);
                    }
                }
            });
        }
    });
    let names = names.into_inner().expect("no panic");
    let (total, stored) = (total.into_inner(), names.len());
    println!("4 threads counted to {total}, and stored {stored} names");
}
