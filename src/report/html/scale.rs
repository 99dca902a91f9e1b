//! The mapping of numbers to positions on a plot, and the round numbers at its axes.

/// An axis: the positions of the numbers from `from` to `to`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axis {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
    is_logarithmic: bool,
}

impl Axis {
    /// Returns an axis on which equal steps are equal distances.
    pub(super) fn linear([from, to]: [f64; 2], [start, end]: [f64; 2]) -> Self {
        Axis { from, to, start, end, is_logarithmic: false }
    }

    /// Returns an axis on which equal ratios are equal distances; `from` must be positive.
    pub(super) fn logarithmic([from, to]: [f64; 2], [start, end]: [f64; 2]) -> Self {
        Axis { from: from.ln(), to: to.ln(), start, end, is_logarithmic: true }
    }

    /// Returns true if `number` is on the axis.
    pub(super) fn holds(&self, number: f64) -> bool {
        (self.from..=self.to).contains(&if self.is_logarithmic { number.ln() } else { number })
    }

    /// Returns the position of `number`, clamped to the ends of the axis.
    pub(super) fn at(&self, number: f64) -> f64 {
        let number = if self.is_logarithmic { number.ln() } else { number };
        let share = ((number - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        self.start + share * (self.end - self.start)
    }
}

/// Returns powers of two from `from` to `to`, at most nine of them.
pub(super) fn powers_of_two([from, to]: [f64; 2]) -> Vec<f64> {
    let all: Vec<f64> =
        (-1..64).map(|exponent| 2_f64.powi(exponent)).filter(|p| from <= *p && *p <= to).collect();
    let step = all.len().div_ceil(9).max(1);
    all.into_iter().step_by(step).collect()
}

/// Returns multiples of 1, 2 or 5 times a power of ten from 0 to `to`, at most six of them.
pub(super) fn round_numbers(to: f64) -> Vec<f64> {
    let decade = 10_f64.powf((to / 5.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * decade).into_iter().find(|step| *step >= to / 5.0);
    let step = step.unwrap_or(10.0 * decade);
    (0..6).map(|i| f64::from(i) * step).filter(|tick| *tick <= to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_where_they_should_be_and_never_outside() {
        let axis = Axis::logarithmic([1.0, 64.0], [0.0, 60.0]);
        assert!((axis.at(8.0) - 30.0).abs() < 1e-9);
        assert_eq!((axis.at(0.0), axis.at(1e9)), (0.0, 60.0));
        assert_eq!(Axis::linear([0.0, 10.0], [100.0, 0.0]).at(2.5), 75.0);
    }

    #[test]
    fn axes_carry_few_and_round_numbers() {
        assert_eq!(round_numbers(1330.0), [0.0, 500.0, 1000.0]);
        assert_eq!(round_numbers(0.5), [0.0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.5]);
        assert_eq!(powers_of_two([1.0, 128.0]), [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]);
        for to in [1e-6, 0.3, 1.0, 7.0, 1e9] {
            assert!((2..=6).contains(&round_numbers(to).len()), "{to}: {:?}", round_numbers(to));
        }
        assert!(powers_of_two([1.0, 1e6]).len() <= 9);
    }
}
