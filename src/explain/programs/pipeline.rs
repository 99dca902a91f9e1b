// Fetches and parses in threads of each step; bounded channels hold a fast step back.
// Prints: 60 rows stored, their sum is 70210

use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;

fn main() {
    let (numbers, to_fetch) = bounded(16);
    let (lines, to_parse) = bounded(16);
    let (rows, to_store) = bounded(16);

    let stored: Vec<u64> = thread::scope(|scope| {
        scope.spawn(move || {
            (0..60_u64).for_each(|number| numbers.send(number).expect("fetchers"))
        });
        for _ in 0..8 {
            let (source, target) = (to_fetch.clone(), lines.clone());
            scope.spawn(move || {
                for number in source {
                    thread::sleep(Duration::from_millis(5)); // Stands for a request.
                    target.send(format!("{number},{}", number * number)).expect("parsers");
                }
            });
        }
        scope.spawn(move || {
            for line in to_parse {
                let (_, square) = line.split_once(',').expect("two columns");
                rows.send(square.parse().expect("a number")).expect("a writer");
            }
        });
        // A channel ends when its last sender is dropped: this thread must keep none.
        drop((to_fetch, lines));
        to_store.iter().collect()
    });
    println!("{} rows stored, their sum is {}", stored.len(), stored.iter().sum::<u64>());
}
