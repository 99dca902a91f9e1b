//! Random service times of tasks, the same in every network so that networks compare.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Seed of the multipliers.
const SEED: u64 = 2;

/// Service times of tasks as multiples of the mean: log-normal with mean 1, as the times of tasks mostly are.
/// The factors come in pairs of a large and a small one, so that even a few factors have a mean near 1.
pub(super) struct ServiceTimeMultipliers {
    random: StdRng,
    variance: f64,
    paired: Option<f64>,
}

impl ServiceTimeMultipliers {
    /// Creates the sequence with a coefficient of variation.
    pub(super) fn new(variation: f64) -> Self {
        let variance = variation.mul_add(variation, 1.0).ln();
        ServiceTimeMultipliers { random: StdRng::seed_from_u64(SEED), variance, paired: None }
    }

    /// Returns the factor of the next task.
    pub(super) fn next(&mut self) -> f64 {
        let z = self.paired.take().unwrap_or_else(|| {
            let z = normal(&mut self.random);
            self.paired = Some(-z);
            z
        });
        (z * self.variance.sqrt() - self.variance / 2.0).exp()
    }
}

/// Returns a standard normal number (Box and Muller, "A note on the generation of random normal deviates",
/// 1958).
pub(super) fn normal(random: &mut StdRng) -> f64 {
    let (radius, angle) = (1.0 - random.random::<f64>(), random.random::<f64>());
    (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
}
