//! Profiles of processes that run already: what belongs to them, and what they had done before.

#![cfg(target_os = "linux")]

use std::process::{Child, Command, Stdio};

use conc::internal::{Document, Profile, WaitKind};

use crate::sandbox::{Sandbox, wait_until};

fn profile_of(output: &[u8]) -> Profile {
    let document: Document = serde_json::from_slice(output).unwrap();
    document.reports()[0].profile.clone().unwrap()
}

fn cpu_s(profile: &Profile) -> f64 {
    profile.cpu_user_s + profile.cpu_system_s
}

/// Runs `line` in a shell, where `$CONC` is `conc` and `$PIDS` its options for a profile of a process.
fn in_shell(line: &str) -> Profile {
    let sandbox = Sandbox::new();
    let conc = sandbox.command(&[]);
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(sandbox.path("")).stdin(Stdio::null());
    shell.envs(conc.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("CONC", conc.get_program()).env("OPTIONS", "profile --json --for 1s --pid");
    let output = sandbox.check(assert_cmd::Command::from_std(shell)).code(0);
    profile_of(&output.get_output().stdout)
}

#[test]
fn conc_is_no_part_of_the_shell_that_started_it() {
    let profile = in_shell("$CONC $OPTIONS $$; :");
    let tree = profile.tree.as_ref().unwrap();
    assert_eq!((tree.processes, tree.threads), (1, 1), "{tree:?}");
    assert!(tree.breakdown.iter().all(|process| process.name != "conc"), "{tree:?}");
}

#[test]
fn siblings_of_conc_are_part_of_it() {
    let profile = in_shell("sleep 60 & $CONC $OPTIONS $$; kill $!");
    let tree = profile.tree.as_ref().unwrap();
    assert_eq!((tree.processes, tree.threads), (2, 2), "{tree:?}");
    assert_eq!(profile.waits.main(), Some(WaitKind::Sleep), "{profile:?}");
}

#[test]
fn a_grandparent_of_conc_is_profiled_without_it() {
    let profile = in_shell("sh -c '$CONC $OPTIONS '$$'; :'; :");
    let tree = profile.tree.as_ref().unwrap();
    assert_eq!(tree.processes, 2, "{tree:?}");
    assert!(tree.breakdown.iter().all(|process| process.name == "sh"), "{tree:?}");
}

/// A shell that is killed with its children when dropped.
struct Parent(Child);

impl Drop for Parent {
    fn drop(&mut self) {
        conc::internal::kill_tree(self.0.id());
        self.0.wait().unwrap();
    }
}

/// A child computes for a second, and then ends while its parent is profiled.
fn ends_while_profiled(ending: &str) -> Profile {
    let sandbox = Sandbox::new();
    let ready = sandbox.path("ready");
    let burn = "i=0; while [ $i -lt 600000 ]; do i=$((i+1)); done";
    let line = format!("({burn}; echo > {}; sleep 1.5{ending}) & wait; sleep 60", ready.display());
    let parent = Parent(Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).spawn().unwrap());
    assert!(wait_until(|| ready.exists()), "the child computes");
    let pid = parent.0.id().to_string();
    let output = sandbox.run(&["profile", "--json", "--for", "3s", "--pid", &pid]).code(0);
    profile_of(&output.get_output().stdout)
}

#[test]
fn what_a_child_computed_before_is_not_counted_when_it_is_waited_for() {
    let profile = ends_while_profiled("");
    assert!(cpu_s(&profile) < 0.2, "{profile:?}");
}

#[test]
fn what_it_computes_meanwhile_is_counted() {
    let profile = ends_while_profiled("; i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done");
    assert!(cpu_s(&profile) > 0.02, "{profile:?}");
    assert!(cpu_s(&profile) < profile.wall_s, "{profile:?}");
}
