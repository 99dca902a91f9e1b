//! The widths that are considered unless the user names others.

/// Every width up to this one is considered.
const DENSE_UP_TO: usize = 8;

/// Widest width per CPU: programs that wait want more than the CPUs, and rarely this many.
const PER_CPU: usize = 8;

/// Widest width on a machine with few CPUs.
const MIN_WIDEST: usize = 64;

/// Most ratios of two numbers that are tried for `{processes}`.
const WIDEST_PROCESSES_PER_CPU: usize = 2;

/// Returns the widths for a machine with `cpus` CPUs, in order: all small ones, half and quarter steps of
/// powers of two, and the CPUs with their half and their double.
pub(crate) fn widths(cpus: usize) -> Vec<usize> {
    let widest = (PER_CPU * cpus).max(MIN_WIDEST);
    let mut widths: Vec<usize> = (1..=DENSE_UP_TO).collect();
    let mut power = DENSE_UP_TO;
    while power < widest {
        widths.extend([power + power / 4, power + power / 2, power + 3 * power / 4, 2 * power]);
        power *= 2;
    }
    widths.extend([cpus, cpus / 2, 2 * cpus, cpus + cpus / 2]);
    normalised(widths, widest)
}

/// Returns the numbers of processes for a machine with `cpus` CPUs, in order: powers of two and the CPUs.
pub(crate) fn processes(cpus: usize) -> Vec<usize> {
    let widest = WIDEST_PROCESSES_PER_CPU * cpus;
    let powers = std::iter::successors(Some(1_usize), |n| Some(2 * n)).take_while(|n| *n <= widest);
    normalised(powers.chain([cpus, cpus / 2]).collect(), widest)
}

fn normalised(mut widths: Vec<usize>, widest: usize) -> Vec<usize> {
    widths.retain(|width| (1..=widest).contains(width));
    widths.sort_unstable();
    widths.dedup();
    widths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_widths_are_all_there_and_large_ones_in_steps() {
        assert_eq!(widths(2), [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64]);
        let many = widths(96);
        assert!([48, 96, 144, 192, 768].iter().all(|width| many.contains(width)), "{many:?}");
        assert!(many.len() < 48, "{}", many.len());
    }

    #[test]
    fn processes_are_powers_of_two_and_the_cpus() {
        assert_eq!(processes(1), [1, 2]);
        assert_eq!(processes(6), [1, 2, 3, 4, 6, 8]);
    }
}
