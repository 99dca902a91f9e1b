//! `matmul`: multiplies dense matrices; floating-point arithmetic in vector registers.

use std::sync::LazyLock;

use crate::workload::step::cpu::data::{Sequence, chain};
use crate::workload::step::cpu::iterate::Iterate;

/// Rows and columns: 8 KiB a matrix.
const SIZE: usize = 32;

type Matrix = [[f64; SIZE]; SIZE];

pub(super) static MATMUL: LazyLock<Matmul> = LazyLock::new(Matmul::generate);

/// Two factors.
#[derive(Debug)]
pub(super) struct Matmul {
    left: Matrix,
    right: Matrix,
}

impl Matmul {
    fn generate() -> Self {
        let mut numbers = Sequence::new(2);
        let mut matrix =
            || [(); SIZE].map(|()| [(); SIZE].map(|()| numbers.below(2000) as f64 / 1000.0 - 1.0));
        Matmul { left: matrix(), right: matrix() }
    }
}

/// Returns `scale` times `left` times `right`, row by row, so that the inner loop runs through memory in
/// order.
fn product(left: &Matrix, right: &Matrix, scale: f64) -> Matrix {
    let mut product = [[0.0; SIZE]; SIZE];
    for (row, factors) in product.iter_mut().zip(left) {
        for (factor, terms) in factors.iter().zip(right) {
            let factor = factor * scale;
            for (sum, term) in row.iter_mut().zip(terms) {
                *sum += factor * term;
            }
        }
    }
    product
}

impl Iterate for Matmul {
    fn iterate(&self, input: u64) -> u64 {
        let scale = 1.0 + (input % 4096) as f64 / 4096.0;
        let product = std::hint::black_box(product(&self.left, &self.right, scale));
        let diagonal = (0..SIZE).map(|i| product[i][i].to_bits());
        diagonal.fold(input, chain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_product_is_that_of_the_definition() {
        let product = product(&MATMUL.left, &MATMUL.right, 2.0);
        for (i, j) in [(0, 0), (3, 17), (SIZE - 1, SIZE - 1)] {
            let expected: f64 = (0..SIZE).map(|k| 2.0 * MATMUL.left[i][k] * MATMUL.right[k][j]).sum();
            assert!((product[i][j] - expected).abs() < 1e-9);
        }
    }
}
