//! Bounded nonlinear least squares for curves of the form X(N) = N / (a + b(N−1) + cN(N−1)).
//!
//! Amdahl's law and the universal scalability law are such curves. Each is fitted on every face of
//! its bounds by Levenberg–Marquardt (Marquardt, *J. Soc. Indust. Appl. Math.* 11 (1963), 431–441);
//! the best minimum within the bounds is the bounded minimum. A linear fit of N/X, which is linear in
//! *a*, *b* and *c*, is the starting point.

/// A measured throughput.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Tasks in flight; above 0, and not necessarily whole: a load test may report only a mean.
    pub width: f64,
    /// Tasks per second; above 0.
    pub rate: f64,
    /// Factor of the squared residual: 1 if all rates are equally uncertain, 1/rate² if their relative
    /// errors are equal.
    pub weight: f64,
}

impl Point {
    /// Returns a point of weight 1, for rates that are all equally uncertain.
    pub fn new(width: f64, rate: f64) -> Self {
        Point { width, rate, weight: 1.0 }
    }

    /// Returns a point whose error is proportional to its rate, as that of a mean over `batches` is.
    pub fn relative(width: f64, rate: f64, batches: usize) -> Self {
        Point { width, rate, weight: batches.max(1) as f64 / (rate * rate) }
    }
}

/// Maximum number of steps before the search for a minimum is given up.
const MOST_STEPS: usize = 500;

/// Relative change of N/X, at every point, below which a step is the last.
const SMALL_STEP: f64 = 1e-13;

/// Number of coefficients: *a*, *b* and *c*.
const COEFFICIENTS: usize = 3;

pub(super) type Vector = [f64; COEFFICIENTS];
pub(super) type Matrix = [Vector; COEFFICIENTS];

/// The curve X(N) = N / (a + b(N−1) + cN(N−1)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Curve {
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) c: f64,
}

impl Curve {
    pub(super) fn at(&self, width: f64) -> f64 {
        width / self.seconds(width)
    }

    /// Returns N/X, the seconds that one task spends in flight.
    fn seconds(&self, width: f64) -> f64 {
        dot([self.a, self.b, self.c], terms(width))
    }

    fn is_positive_at(&self, points: &[Point]) -> bool {
        points.iter().all(|p| self.seconds(p.width) > 0.0)
    }

    /// Returns the derivatives of X(N) with respect to *a*, *b* and *c*.
    pub(super) fn gradient(&self, width: f64) -> Vector {
        let slope = -width / self.seconds(width).powi(2);
        terms(width).map(|term| slope * term)
    }

    /// Returns the weighted sum of squared residuals.
    pub(super) fn loss(&self, points: &[Point]) -> f64 {
        points.iter().map(|p| p.weight * (p.rate - self.at(p.width)).powi(2)).sum()
    }
}

/// Returns the factors of *a*, *b* and *c* in N/X.
fn terms(width: f64) -> Vector {
    [1.0, width - 1.0, width * (width - 1.0)]
}

fn dot(x: Vector, y: Vector) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// A face of the bounds, named by the coefficients that are free on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Only *a* is free: σ = κ = 0.
    Linear,
    /// *a* and *b* are free: κ = 0.
    Contended,
    /// *a* and *c* are free: σ = 0.
    Incoherent,
    /// All coefficients are free.
    Inside,
    /// *a* = *b* is free, and *c* = 0: σ = 1, κ = 0.
    Serial,
    /// *a* = *b* and *c* are free: σ = 1.
    SerialIncoherent,
}

impl Face {
    /// Returns the free directions, each in terms of *a*, *b* and *c*.
    fn directions(self) -> &'static [Vector] {
        const A: Vector = [1.0, 0.0, 0.0];
        const B: Vector = [0.0, 1.0, 0.0];
        const C: Vector = [0.0, 0.0, 1.0];
        const AB: Vector = [1.0, 1.0, 0.0];
        match self {
            Face::Linear => &[A],
            Face::Contended => &[A, B],
            Face::Incoherent => &[A, C],
            Face::Inside => &[A, B, C],
            Face::Serial => &[AB],
            Face::SerialIncoherent => &[AB, C],
        }
    }
}

/// Returns the best curve on any of `faces` with a > 0, 0 ≤ b ≤ a and c ≥ 0; `None` if there is none.
pub(super) fn fit(points: &[Point], faces: &[Face]) -> Option<Curve> {
    let keeps_bounds = |curve: &Curve| curve.a > 0.0 && (0.0..=curve.a).contains(&curve.b) && curve.c >= 0.0;
    let minima = faces.iter().filter_map(|face| minimise(points, face.directions())).filter(keeps_bounds);
    minima.min_by(|x, y| x.loss(points).total_cmp(&y.loss(points)))
}

/// Returns the minimum over the span of `directions`, regardless of the bounds.
fn minimise(points: &[Point], directions: &[Vector]) -> Option<Curve> {
    let mut curve = start(points, directions)?;
    let mut loss = curve.loss(points);
    let mut damping = 1e-3;
    for _ in 0..MOST_STEPS {
        let step = step(points, &curve, directions, damping)?;
        let next = Curve { a: curve.a + step[0], b: curve.b + step[1], c: curve.c + step[2] };
        let next_loss = if next.is_positive_at(points) { next.loss(points) } else { f64::INFINITY };
        if next_loss <= loss {
            let is_last = is_small(step, &curve, points);
            (curve, loss, damping) = (next, next_loss, damping * 0.2);
            if is_last {
                break;
            }
        } else if is_small(step, &curve, points) {
            break;
        } else {
            damping *= 5.0;
        }
    }
    Some(curve)
}

/// Returns true if a step changes the curve by a negligible amount at every point.
fn is_small(step: Vector, curve: &Curve, points: &[Point]) -> bool {
    points.iter().all(|p| dot(step, terms(p.width)).abs() <= SMALL_STEP * curve.seconds(p.width))
}

/// Returns the weighted linear least-squares fit of N/X, or a straight line through the origin if that fit
/// gives times below zero.
fn start(points: &[Point], directions: &[Vector]) -> Option<Curve> {
    let linear = |directions: &[Vector]| {
        // An error of 1 in X is one of N/X² in N/X.
        let rows = points.iter().map(|p| {
            let scale = p.weight.sqrt() * p.rate * p.rate / p.width;
            (terms(p.width).map(|term| term * scale), p.width / p.rate * scale)
        });
        let x = solve_rows(rows, directions, 0.0)?;
        let curve = Curve { a: x[0], b: x[1], c: x[2] };
        curve.is_positive_at(points).then_some(curve)
    };
    linear(directions).or_else(|| linear(&directions[..1]))
}

/// Returns the Levenberg–Marquardt step.
fn step(points: &[Point], curve: &Curve, directions: &[Vector], damping: f64) -> Option<Vector> {
    let rows = points.iter().map(|p| {
        let weight = p.weight.sqrt();
        (curve.gradient(p.width).map(|g| g * weight), (p.rate - curve.at(p.width)) * weight)
    });
    solve_rows(rows, directions, damping)
}

/// Solves `row · x = value` by least squares with `x` in the span of `directions`, by normal equations whose
/// diagonal is scaled to 1 and then raised by `damping`.
fn solve_rows(
    rows: impl Iterator<Item = (Vector, f64)>,
    directions: &[Vector],
    damping: f64,
) -> Option<Vector> {
    let k = directions.len();
    let (mut matrix, mut right) = (Matrix::default(), Vector::default());
    for (row, value) in rows {
        let row: Vec<f64> = directions.iter().map(|d| dot(row, *d)).collect();
        for i in 0..k {
            right[i] += row[i] * value;
            for j in 0..k {
                matrix[i][j] += row[i] * row[j];
            }
        }
    }
    let inverse = invert(&matrix, k, damping)?;
    let mut x = Vector::default();
    for (i, direction) in directions.iter().enumerate() {
        let length: f64 = (0..k).map(|j| inverse[i][j] * right[j]).sum();
        (0..COEFFICIENTS).for_each(|c| x[c] += length * direction[c]);
    }
    x.iter().all(|x| x.is_finite()).then_some(x)
}

/// Returns the covariances of the first `free` of *a*, *b* and *c* at the minimum, by the linear
/// approximation: s²(JᵀWJ)⁻¹ (Bates and Watts, *Nonlinear Regression Analysis*, 1988, section 2.2).
///
/// A coefficient at its bound counts as free, so intervals err on the wide side.
pub(super) fn covariance(points: &[Point], curve: &Curve, free: usize) -> Option<Matrix> {
    let freedom = points.len().checked_sub(free).filter(|n| *n > 0)?;
    let mut matrix = Matrix::default();
    for p in points {
        let gradient = curve.gradient(p.width);
        for i in 0..free {
            for j in 0..free {
                matrix[i][j] += p.weight * gradient[i] * gradient[j];
            }
        }
    }
    let variance = curve.loss(points) / freedom as f64;
    invert(&matrix, free, 0.0).map(|inverse| inverse.map(|row| row.map(|x| x * variance)))
}

/// Returns xᵀMx.
pub(super) fn quadratic(matrix: &Matrix, x: Vector) -> f64 {
    dot(x, matrix.map(|row| dot(row, x)))
}

/// Returns the inverse of the leading `k` × `k` part of a positive definite matrix, by Gauss–Jordan
/// elimination with pivoting, its diagonal scaled to 1 before `damping` is added.
fn invert(matrix: &Matrix, k: usize, damping: f64) -> Option<Matrix> {
    let scale: Vec<f64> = (0..k).map(|i| matrix[i][i].sqrt()).collect();
    if scale.iter().any(|s| !(*s > 0.0 && s.is_finite())) {
        return None;
    }
    let (mut left, mut right) = (Matrix::default(), Matrix::default());
    for i in 0..k {
        (0..k).for_each(|j| left[i][j] = matrix[i][j] / (scale[i] * scale[j]));
        left[i][i] += damping;
        right[i][i] = 1.0;
    }
    for column in 0..k {
        let pivot = (column..k).max_by(|i, j| left[*i][column].abs().total_cmp(&left[*j][column].abs()))?;
        // A smaller pivot means that the points do not distinguish the coefficients.
        if left[pivot][column].abs() < 1e-12 {
            return None;
        }
        left.swap(column, pivot);
        right.swap(column, pivot);
        let divisor = left[column][column];
        left[column] = left[column].map(|x| x / divisor);
        right[column] = right[column].map(|x| x / divisor);
        for row in (0..k).filter(|row| *row != column) {
            let factor = left[row][column];
            for j in 0..k {
                left[row][j] -= factor * left[column][j];
                right[row][j] -= factor * right[column][j];
            }
        }
    }
    (0..k).for_each(|i| (0..k).for_each(|j| right[i][j] /= scale[i] * scale[j]));
    Some(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_inverse_times_its_matrix_is_one() {
        let matrix = [[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];
        let inverse = invert(&matrix, 3, 0.0).expect("positive definite");
        for (i, row) in matrix.into_iter().enumerate() {
            // The matrix is symmetric, so its rows are its columns.
            for (j, column) in inverse.into_iter().enumerate() {
                let product = dot(row, column);
                assert!((product - f64::from(i == j)).abs() < 1e-12, "{i} {j} {product}");
            }
        }
        assert_eq!(invert(&[[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0; 3]], 2, 0.0), None);
    }

    #[test]
    fn widths_that_are_all_equal_determine_no_slope() {
        let points = [Point::new(4.0, 10.0), Point::new(4.0, 11.0), Point::new(4.0, 12.0)];
        let curve = fit(&points, &[Face::Inside, Face::Linear]).expect("a curve");
        assert!((curve.at(4.0) - 11.0).abs() < 1e-9);
        assert_eq!(covariance(&points, &curve, 2), None);
    }
}
