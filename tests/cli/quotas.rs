//! Programs that a CPU quota holds back. A test that may not make a control group says so and is skipped.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use conc::internal::{Class, ConfidenceReason, Document, Profile};
use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, wait_until};

/// Shell line that computes for ever.
const SPIN: &str = "while :; do :; done";

/// A control group with a quota, removed when dropped.
struct Group(PathBuf);

impl Group {
    /// Makes a group that may use `percent` of a CPU; `None` where this user may not.
    fn new(test: &str, percent: u32) -> Option<Group> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("conc-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let quota = percent * 1000;
        let v1 = || {
            Group::make(Path::new("/sys/fs/cgroup/cpu").join(&name), "cpu.cfs_quota_us", &quota.to_string())
        };
        let v2 =
            || Group::make(Path::new("/sys/fs/cgroup").join(&name), "cpu.max", &format!("{quota} 100000"));
        let group = v1().or_else(v2);
        if group.is_none() {
            let _ = writeln!(std::io::stderr(), "skipped: {test} needs a control group with a CPU quota");
        }
        group
    }

    fn make(path: PathBuf, file: &str, quota: &str) -> Option<Group> {
        fs::create_dir(&path).ok()?;
        let group = Group(path);
        (group.0.join("cpu.stat").exists() && fs::write(group.0.join(file), quota).is_ok()).then_some(group)
    }

    /// Returns the shell line that moves the shell into the group.
    fn enter(&self) -> String {
        format!("echo $$ > {}", self.0.join("cgroup.procs").display())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A process that was killed leaves its group a moment later.
        wait_until(|| fs::remove_dir(&self.0).is_ok() || !self.0.exists());
    }
}

/// A program that is killed when dropped, before its group is removed.
struct Spinning(Child);

impl Drop for Spinning {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn profile_of(output: &[u8]) -> Profile {
    let document: Document = serde_json::from_slice(output).unwrap();
    document.reports()[0].profile.clone().unwrap()
}

/// A share of the time spent waiting for a CPU from which other programs leave less than the quota.
const CROWDED: f64 = 0.4;

/// Checks that the quota is told as what it is, and contention as what is left.
fn check(profile: &Profile, cpus: f64) {
    assert_eq!(profile.class, Class::CpuBound, "{profile:?}");
    let throttling = profile.tree.as_ref().unwrap().throttling;
    if let ConfidenceReason::Contended { queued_share, cpus, .. } = profile.confidence_reason {
        let throttled = throttling.map_or(0.0, |throttling| throttling.share);
        assert!(queued_share + throttled < 1.1 && cpus >= 1.0, "{profile:?}");
        if queued_share > CROWDED {
            return;
        }
    }
    let throttling = throttling.unwrap();
    assert_eq!(throttling.quota_cpus, cpus);
    assert!(throttling.share > 0.1 && throttling.throttled_periods > 3, "{throttling:?}");
}

#[test]
fn a_process_that_is_throttled_outside_of_concs_group_is_told() {
    let Some(group) = Group::new("a_process_that_is_throttled_outside_of_concs_group_is_told", 20) else {
        return;
    };
    let line = format!("{}; exec sh -c '{SPIN}'", group.enter());
    let spinning = Spinning(Command::new("sh").args(["-c", &line]).stdin(Stdio::null()).spawn().unwrap());
    let pid = spinning.0.id().to_string();
    let sandbox = Sandbox::new();
    let shown = sandbox.run(&["profile", "--pid", &pid, "--for", "2s"]).code(0);
    let shown = shown
        .stdout(contains("\nThrottled  by its quota of 0.2 CPUs for ").and(contains("of 0.2 CPUs,").not()));
    drop(shown);
    let output = sandbox.run(&["profile", "--pid", &pid, "--for", "2s", "--json"]).code(0);
    drop(spinning);
    check(&profile_of(&output.get_output().stdout), 0.2);
}

#[test]
fn a_command_that_enters_a_group_of_its_own_is_told() {
    let Some(group) = Group::new("a_command_that_enters_a_group_of_its_own_is_told", 30) else { return };
    let line = format!("{}; {SPIN}", group.enter());
    let command = ["profile", "--json", "--for", "2s", "--", "sh", "-c", &line];
    check(&profile_of(&Sandbox::new().run(&command).code(0).get_output().stdout), 0.3);
}

#[test]
fn a_quota_of_conc_and_its_command_together_is_told() {
    let Some(group) = Group::new("a_quota_of_conc_and_its_command_together_is_told", 40) else { return };
    let sandbox = Sandbox::new();
    let conc = sandbox.command(&["profile", "--json", "--for", "3s", "--", "sh", "-c", SPIN]);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{}; exec \"$0\" \"$@\"", group.enter())]);
    shell.arg(conc.get_program()).args(conc.get_args()).current_dir(sandbox.path(""));
    shell.envs(conc.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = sandbox.check(assert_cmd::Command::from_std(shell)).code(0);
    check(&profile_of(&output.get_output().stdout), 0.4);
}

#[test]
fn a_group_that_is_not_held_back_is_no_news() {
    let Some(group) = Group::new("a_group_that_is_not_held_back_is_no_news", 150) else { return };
    let line = format!("{}; exec sleep 1", group.enter());
    let command = ["profile", "--runs", "1", "--", "sh", "-c", &line];
    Sandbox::new().run(&command).code(0).stdout(contains("Throttled").not().and(contains("io-bound")));
}
