//! Profiles of real work: the class, the kinds of waits, and the messages for work that cannot be profiled.

use std::time::Duration;

use conc::internal::{
    Class, Code, CpuSpec, Error, FixtureSpec, Kernel, LatencySpec, ProfileLimits, Profiled, Reexec, StepSpec,
    Workload, profile_tasks,
};

use crate::common::{PATIENCE, TestBed, command, compute, counted, exe, http, iterations, sleep};

mod common;

const MS: Duration = Duration::from_millis(1);

/// Profile time that is enough for some dozens of samples.
const TIME: Duration = Duration::from_millis(600);

fn try_profile(workload: Workload, patience: Duration) -> Result<Profiled, Error> {
    let bed = TestBed::new(workload);
    let limits = ProfileLimits { time: TIME, ends_early: false, patience, most_tasks: u64::MAX };
    profile_tasks(&Reexec::new(exe()), &bed.workload, &bed.env, &limits)
}

fn profiled(workload: Workload) -> Profiled {
    try_profile(workload, PATIENCE).unwrap_or_else(|error| panic!("{}: {error}", error.code))
}

/// A fixture that always takes `latency` to answer.
fn fixture(latency: Duration) -> Option<FixtureSpec> {
    Some(FixtureSpec { latency: LatencySpec { median: latency, p99: latency }, ..FixtureSpec::default() })
}

/// Returns the kind of wait that takes the most time.
fn main_wait(profiled: &Profiled) -> &'static str {
    let waits = profiled.profile.waits.named();
    waits.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).expect("there are kinds of waits").0
}

#[test]
fn sleeping_is_io_bound_and_waits_for_a_timer() {
    let profiled = profiled(counted(50, vec![sleep(MS * 5)]));
    let profile = &profiled.profile;
    assert_eq!(profile.class, Class::IoBound, "{profile:?}");
    assert_eq!(main_wait(&profiled), "sleep", "{profile:?}");
    assert!(profile.task.wait_s > 0.0045, "{profile:?}");
    assert_eq!(profile.tasks, profiled.tally.counts.ok);
    assert_eq!((profile.steps.len(), profile.steps[0].kind.as_str()), (1, "sleep"));
    assert!(profile.steps[0].wall_s >= 0.005, "{profile:?}");
}

#[test]
fn hashing_is_cpu_bound() {
    let profile = profiled(counted(50, vec![compute(MS * 3)])).profile;
    // Time that a hypervisor takes away appears neither as CPU time nor in the run queue.
    assert_ne!(profile.class, Class::IoBound, "{profile:?}");
    assert!(profile.cpu_fraction > 0.4, "{profile:?}");
    assert!(profile.task.cpu_s > 0.001, "{profile:?}");
}

#[test]
fn asking_a_slow_server_is_io_bound_and_waits_for_the_network() {
    let asking = counted(50, vec![http("fixture:/page/{item}")]);
    let profiled = profiled(Workload { fixture: fixture(MS * 10), ..asking });
    assert_eq!(profiled.profile.class, Class::IoBound, "{:?}", profiled.profile);
    assert_eq!(main_wait(&profiled), "network", "{:?}", profiled.profile);
}

#[test]
fn as_much_computing_as_waiting_is_mixed() {
    let profile = profiled(counted(50, vec![sleep(MS * 8), compute(MS * 8)])).profile;
    assert_eq!(profile.class, Class::Mixed, "{profile:?}");
    let [waiting, computing] = &profile.steps[..] else { panic!("two steps: {profile:?}") };
    assert_eq!((waiting.kind.as_str(), computing.kind.as_str()), ("sleep", "cpu"));
}

#[test]
fn a_command_is_judged_by_what_it_does() {
    let profiled = profiled(counted(50, vec![command(&["sleep", "0.05"])]));
    assert_eq!(profiled.profile.class, Class::IoBound, "{:?}", profiled.profile);
    assert_eq!(main_wait(&profiled), "sleep", "{:?}", profiled.profile);
}

#[test]
fn the_cpu_time_of_commands_counts() {
    let busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done";
    let profile = profiled(counted(50, vec![command(&["sh", "-c", busy])])).profile;
    assert_ne!(profile.class, Class::IoBound, "{profile:?}");
}

#[test]
fn a_step_that_fails_takes_its_time_too() {
    let failing = counted(4, vec![command(&["sh", "-c", "sleep 0.02; exit {item}"])]);
    let profile = profiled(failing).profile;
    assert!(profile.steps[0].wall_s >= 0.02, "{profile:?}");
}

#[test]
fn work_that_always_fails_is_told_by_its_error() {
    let spec = FixtureSpec { error_rate: 1.0, ..FixtureSpec::default() };
    let refused = Workload { fixture: Some(spec), ..counted(5, vec![http("fixture:/{item}")]) };
    assert_eq!(try_profile(refused, PATIENCE).expect_err("all fail").code, Code::TaskHttpStatus);
    let failing = counted(5, vec![command(&["sh", "-c", "echo no luck >&2; exit 4"])]);
    let error = try_profile(failing, PATIENCE).expect_err("all fail");
    assert_eq!(error.code, Code::TaskCommand);
    assert!(error.message.contains("exit status: 4: no luck"), "{error}");
}

#[test]
fn work_that_does_not_end_is_given_up() {
    let endless = counted(1, vec![sleep(Duration::from_secs(600))]);
    assert_eq!(try_profile(endless, MS * 300).expect_err("too late").code, Code::PoolHung);
}

#[test]
fn work_that_takes_too_much_memory_is_stopped() {
    // The kernel streams through 64 MiB; the pause is there to be cut short.
    let mut greedy = counted(1, vec![iterations(Kernel::Memory, 1), sleep(Duration::from_secs(60))]);
    greedy.limits.memory = Some(48 << 20);
    assert_eq!(try_profile(greedy, PATIENCE).expect_err("too much").code, Code::HostMemory);
}

#[test]
fn work_that_cannot_be_prepared_is_refused() {
    let spec = CpuSpec { kernel: Kernel::Sha256, work: MS, iterations: None };
    let error = try_profile(counted(1, vec![StepSpec::Cpu(spec)]), PATIENCE).expect_err("not calibrated");
    assert_eq!(error.code, Code::WorkloadValue);
    assert!(error.message.contains("step 1 (cpu): not calibrated"), "{error}");
}
