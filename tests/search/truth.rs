//! The true throughput of simulated workloads, by formulas that the program itself does not use.
//!
//! Tasks compute and wait in a closed network with a few CPUs: the machine-repairman model (Gross and
//! Harris, *Fundamentals of Queueing Theory*, section 2.8).

/// Returns the tasks per second of `in_flight` tasks that each compute `demand_s` and wait `wait_s`.
///
/// It is the geometric mean of the exact solution for exponential times and of the bound for constant
/// ones: real tasks lie between the two.
pub(crate) fn throughput(cpus: f64, demand_s: f64, wait_s: f64, in_flight: usize) -> f64 {
    bound(cpus, demand_s, wait_s, in_flight).sqrt() * exponential(cpus, demand_s, wait_s, in_flight).sqrt()
}

/// Returns the work that `tasks` computing tasks do together, in CPU seconds per second.
fn served(cpus: f64, tasks: usize) -> f64 {
    cpus.min(tasks as f64)
}

fn bound(cpus: f64, demand_s: f64, wait_s: f64, in_flight: usize) -> f64 {
    let alone_s = demand_s / served(cpus, 1) + wait_s;
    (served(cpus, in_flight) / demand_s).min(in_flight as f64 / alone_s)
}

/// Returns the birth–death solution, which scales its weights down before they overflow.
fn exponential(cpus: f64, demand_s: f64, wait_s: f64, in_flight: usize) -> f64 {
    let (mut weight, mut total, mut busy) = (1.0_f64, 1.0_f64, 0.0_f64);
    for k in 1..=in_flight {
        let serving = served(cpus, k);
        weight *= (in_flight - k + 1) as f64 * demand_s / (wait_s * serving);
        total += weight;
        busy += weight * serving;
        if weight > 1e150 {
            (weight, total, busy) = (1.0, total / weight, busy / weight);
        }
    }
    busy / total / demand_s
}
