//! Starting worker processes: the harness starts them as the program does that conc prints.

use std::fs;
use std::path::Path;
use std::process::Command;

use conc::internal::{Items, StrategyKind, TaskCost};

use crate::environment::pythons;
use crate::lane;
use crate::test_bed::{PATIENCE, TestBed};

const WORKERS: usize = 3;

/// A program as conc prints it: the user's module is imported at the top, the rest is behind the guard.
const PROGRAM: &str = "
import sys
from concurrent.futures import ProcessPoolExecutor
from tasks import f

def main():
    with ProcessPoolExecutor(max_workers=3) as pool:
        list(pool.map(f, range(12)))

if __name__ == '__main__':
    main()
";

/// Returns a module that notes each of its imports, and sets the start method unless it is the default.
fn module(start_method: &str) -> String {
    let set = match start_method {
        "default" => String::new(),
        method => {
            format!("import multiprocessing\nmultiprocessing.set_start_method({method:?}, force=True)\n")
        }
    };
    format!(
        "import os, time\n{set}\
         with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'imports'), 'a') as log:\n    \
         log.write(f'{{os.getpid()}}\\n')\n\
         def f(i):\n    time.sleep(0.1)\n    return i\n"
    )
}

/// Returns how often the module was imported, and forgets it.
fn imports(directory: &Path) -> usize {
    let log = directory.join("imports");
    let count = fs::read_to_string(&log).unwrap_or_default().lines().count();
    let _ = fs::remove_file(log);
    count
}

#[test]
fn the_module_is_imported_as_often_as_in_the_printed_program() {
    let methods: &[&str] = if lane::runs_all("every start method of multiprocessing") {
        &["default", "fork", "spawn", "forkserver"]
    } else {
        &["default", "forkserver"]
    };
    for (python, method) in pythons().iter().flat_map(|python| methods.iter().map(move |m| (python, m))) {
        let bed = TestBed::with(&module(method), &["f"], Items::Count(12), python);
        let directory = bed.directory.path();
        let report = bed.run(StrategyKind::Processes, WORKERS);
        let measured = imports(directory);
        assert_eq!(report.tally.counts.ok, 12, "{:?}", report.tally.errors());
        fs::write(directory.join("program.py"), PROGRAM).expect("written");
        let mut program = Command::new(python);
        let output = program.arg("-B").arg(directory.join("program.py")).output().expect("an interpreter");
        assert!(output.status.success(), "{output:?}");
        assert_eq!(measured, imports(directory), "{} {method}", python.display());
    }
}

#[test]
fn what_each_worker_pays_once_is_start_up() {
    let source = "_m = None\ndef burn(n):\n    s = 0\n    for k in range(n): s += k\n    return s\n\
                  def predict(i):\n    global _m\n    _m = _m or burn(6_000_000)\n    return burn(20_000)\n";
    let bed = TestBed::new(source, &["predict"], 24);
    for (strategy, width) in [(StrategyKind::Sequential, 1), (StrategyKind::Processes, 2)] {
        let mut batch = bed.batch(strategy, width, PATIENCE);
        let plain = bed.session.run(&bed.workload, &batch).expect("a report");
        batch.once = Some(TaskCost { cpu_s: 0.3, wait_s: 0.0 });
        let told_apart = bed.session.run(&bed.workload, &batch).expect("a report");
        // 24 tasks together cost a twelfth of one load of the model.
        assert!(plain.wall_s > plain.startup_s, "{strategy}: {plain:?}");
        assert!(told_apart.startup_s > 2.0 * told_apart.wall_s, "{strategy}: {told_apart:?}");
        assert!(told_apart.cpu.total_s() < 0.5 * plain.cpu.total_s(), "{strategy}: {told_apart:?}");
    }
}
