//! The calibration of kernels, the rates of the CPUs and the probe of their speed.

use std::time::Duration;

use conc::internal::{
    CpuSpec, CpuSpeedProbe, Interrupt, Items, Kernel, MachineProbe, SleepSpec, SmallWork, StepSpec, TakenCpu,
    Workload, WorkloadSource, calibrate, measure_rates, median,
};

/// Factor between two speeds of a CPU that a busy machine with changing clocks may show.
const SPEED_FACTOR: f64 = 5.0;

fn cpu(kernel: Kernel, work: Duration) -> StepSpec {
    StepSpec::Cpu(CpuSpec { kernel, work, iterations: None })
}

fn workload(steps: Vec<StepSpec>) -> Workload {
    Workload::new("test", WorkloadSource::File, Items::Count(1), steps)
}

fn iterations(workload: &Workload) -> Vec<Option<u64>> {
    let of = |step: &StepSpec| match step {
        StepSpec::Cpu(cpu) => cpu.iterations,
        _ => None,
    };
    workload.steps.iter().map(of).collect()
}

#[test]
fn every_kernel_can_be_calibrated() {
    let steps = Kernel::ALL.map(|kernel| cpu(kernel, Duration::from_secs(1)));
    let mut workload = workload(steps.into());
    assert_eq!(calibrate(&mut workload), []);
    for (kernel, iterations) in Kernel::ALL.iter().zip(iterations(&workload)) {
        assert!(iterations.expect("calibrated") > 1, "{kernel:?}");
    }
}

#[test]
fn steps_of_one_kernel_are_measured_by_one_measure() {
    let step = || cpu(Kernel::Primes, Duration::from_millis(50));
    let sleep = StepSpec::Sleep(SleepSpec { duration: Duration::ZERO });
    let mut workload = workload(vec![step(), sleep, step()]);
    calibrate(&mut workload);
    let [first, sleep, last] = iterations(&workload)[..] else { panic!("three steps") };
    assert_eq!((first, sleep), (last, None));
}

#[test]
fn work_below_one_iteration_is_reported() {
    let asked = Duration::from_nanos(1);
    let mut workload = workload(vec![cpu(Kernel::Sort, Duration::from_secs(1)), cpu(Kernel::Sort, asked)]);
    let small = calibrate(&mut workload);
    assert_eq!(iterations(&workload)[1], Some(1));
    let [SmallWork { number: 2, kernel: Kernel::Sort, .. }] = small[..] else { panic!("{small:?}") };
    assert!(small[0].asked == asked && small[0].least > asked);
}

#[test]
fn more_threads_do_no_less_than_one_and_no_more_than_there_are_cpus() {
    let rates = measure_rates(2.0, None, &Interrupt::default());
    assert!(rates.alone > 0.0 && rates.alone <= rates.together, "{rates:?}");
    assert!(rates.together <= 2.0, "{rates:?}");
}

#[test]
fn a_cpu_has_about_the_same_speed_twice() {
    let taken = TakenCpu { others_s: 3.0, stolen_s: 1.0 };
    let mut probe = CpuSpeedProbe::new(|| Some(taken), &Interrupt::default());
    let mut speed = || {
        let speeds: Vec<f64> = (0..9).filter_map(|_| probe.cpu_speed()).collect();
        median(&speeds).expect("a clock of CPU time that advances")
    };
    let (first, second) = (speed(), speed());
    assert!(first < SPEED_FACTOR * second && second < SPEED_FACTOR * first, "{first} {second}");
    assert_eq!(probe.taken_cpu(), Some(taken));
}
