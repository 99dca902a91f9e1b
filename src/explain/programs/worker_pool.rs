// Runs jobs on a fixed number of threads.
// Prints: 40 jobs done by 8 threads, the sum is 20540

use std::thread;
use std::time::Duration;

use crossbeam_channel::bounded;

fn main() {
    let (jobs, to_run) = bounded(16);
    let (results, to_read) = bounded(16);
    let (mut count, mut sum) = (0, 0);
    thread::scope(|scope| {
        for _ in 0..8 {
            let (to_run, results) = (to_run.clone(), results.clone());
            scope.spawn(move || {
                for number in to_run {
                    thread::sleep(Duration::from_millis(5)); // Stands for a blocking call.
                    results.send(number * number).expect("a reader");
                }
            });
        }
        drop((to_run, results));
        scope.spawn(move || {
            (0..40_u32).for_each(|number| jobs.send(number).expect("workers"))
        });
        for result in to_read {
            count += 1;
            sum += result;
        }
    });
    println!("{count} jobs done by 8 threads, the sum is {sum}");
}
