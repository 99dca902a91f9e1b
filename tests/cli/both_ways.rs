//! Profiles of one program as a task of a workload and as a command: one profiler gives one answer.
#![cfg(target_os = "linux")]

use std::fs;

use conc::internal::{Class, Document, Profile, WaitKind};

use crate::sandbox::Sandbox;

/// Largest difference between the CPU shares of both ways that a busy machine may cause.
const MARGIN: f64 = 0.3;

/// Profiles a program as the `command` step of a workload, and as a command.
fn both_ways(argv: &[&str]) -> [Profile; 2] {
    let sandbox = Sandbox::new();
    let words: Vec<String> = argv.iter().map(|word| format!("{word:?}")).collect();
    let step = format!("[[step]]\nkind = \"command\"\nargv = [{}]\n", words.join(", "));
    fs::write(sandbox.path("workload.toml"), format!("name = \"program\"\ntasks = 1000\n\n{step}")).unwrap();
    let as_task = profile(&sandbox, &["profile", "--json", "workload.toml"]);
    let as_command = profile(&sandbox, &[&["profile", "--json", "--"], argv].concat());
    [as_task, as_command]
}

fn profile(sandbox: &Sandbox, arguments: &[&str]) -> Profile {
    let output = sandbox.run(arguments).code(0).get_output().stdout.clone();
    let document: Document = serde_json::from_slice(&output).unwrap();
    document.reports()[0].profile.clone().unwrap()
}

fn assert_waits_for(argv: &[&str], wait: WaitKind) {
    for profile in both_ways(argv) {
        let found = (profile.task_class(), profile.waits.main());
        assert_eq!(found, (Class::IoBound, Some(wait)), "{argv:?}: {profile:?}");
        assert!(profile.cpu_fraction < MARGIN, "{argv:?}: {profile:?}");
        assert!(profile.tree.is_some(), "{argv:?}: {profile:?}");
    }
}

#[test]
fn a_program_that_sleeps_is_io_bound_both_ways() {
    assert_waits_for(&["sleep", "0.3"], WaitKind::Sleep);
}

#[test]
fn a_shell_that_waits_for_its_children_is_explained_by_them_both_ways() {
    assert_waits_for(&["sh", "-c", "sleep 0.2 & sleep 0.3; wait"], WaitKind::Sleep);
    assert_waits_for(&["sh", "-c", "(sleep 0.3; echo done) | cat"], WaitKind::Sleep);
}

#[test]
fn a_program_that_counts_is_no_io_both_ways() {
    let [task, command] = both_ways(&["sh", "-c", "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done"]);
    for profile in [&task, &command] {
        // Time that a hypervisor takes away looks like waiting.
        assert_ne!(profile.class, Class::IoBound, "{profile:?}");
    }
    assert!((task.cpu_fraction - command.cpu_fraction).abs() < MARGIN, "{task:?} {command:?}");
}
