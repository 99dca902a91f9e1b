//! The programs in Rust, compiled into this test.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::interpreters::{failures, files, said};

/// Makes a module of each program, with a test that runs it.
macro_rules! programs {
    ($($name:ident)*) => {
        $(
            #[expect(clippy::print_stdout, reason = "a program prints")]
            mod $name {
                include!(concat!("../../src/explain/programs/", stringify!($name), ".rs"));

                #[test]
                fn runs() {
                    main();
                }
            }
        )*

        /// The names of the programs.
        const PROGRAMS: &[&str] = &[$(stringify!($name)),*];
    };
}

programs! {
    batching
    event_loop
    fan_out
    graceful_shutdown
    locks
    pipeline
    processes_for_cpu
    producer_consumer
    publish_subscribe
    rate_limit
    retry
    semaphore
    shared_memory
    task_groups
    worker_pool
}

#[test]
fn every_program_prints_what_it_says() {
    let failed = failures(PROGRAMS, |name| {
        let path = format!("{}/src/explain/programs/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read_to_string(path).unwrap();
        let said = said(&text, "Prints: ").ok_or_else(|| format!("{name} does not say what it prints"))?;
        let test = format!("rust::{name}::runs");
        let output =
            Command::new(std::env::current_exe().unwrap()).args([&*test, "--exact", "--nocapture"]).output();
        let printed = String::from_utf8_lossy(&output.unwrap().stdout).into_owned();
        // The harness writes in front of it.
        if printed.lines().any(|line| line.ends_with(said)) {
            Ok(())
        } else {
            Err(format!("{name}: {printed}"))
        }
    });
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_program_is_compiled() {
    let files: BTreeSet<_> = files("programs", "rs")
        .iter()
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(files, PROGRAMS.iter().map(|name| (*name).to_owned()).collect());
}
