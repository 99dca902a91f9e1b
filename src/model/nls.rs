//! Bounded nonlinear least squares for curves of the form X(N) = N / (a + b(N−1) + cN(N−1)).
//!
//! Amdahl's law and the universal scalability law are such curves. Each is fitted on every face of
//! its bounds by Levenberg–Marquardt (Marquardt, *J. Soc. Indust. Appl. Math.* 11 (1963), 431–441);
//! the best minimum that keeps the bounds is the bounded minimum. N/X is linear in *a*, *b* and *c*,
//! which gives the starting point.

/// A measured throughput.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Tasks in flight; above 0, and not necessarily whole: a load test may know a mean only.
    pub width: f64,
    /// Tasks per second; above 0.
    pub rate: f64,
    /// What the squared residual is multiplied by: 1 where every rate is equally uncertain, 1/rate²
    /// where the relative errors are alike.
    pub weight: f64,
}

impl Point {
    /// A point that is as uncertain as all others.
    pub fn new(width: f64, rate: f64) -> Self {
        Point { width, rate, weight: 1.0 }
    }

    /// A point whose error is in proportion to its rate, as that of `batches` batches is.
    pub fn relative(width: f64, rate: f64, batches: usize) -> Self {
        Point { width, rate, weight: batches.max(1) as f64 / (rate * rate) }
    }
}

/// Steps after which a minimum that was not found will not be found.
const MOST_STEPS: usize = 500;

/// A step that changes every coefficient by less than this share is the last.
const SMALL_STEP: f64 = 1e-13;

/// Coefficients are *a*, *b* and *c*.
const COEFFICIENTS: usize = 3;

pub(super) type Vector = [f64; COEFFICIENTS];
pub(super) type Matrix = [Vector; COEFFICIENTS];

/// X(N) = N / (a + b(N−1) + cN(N−1)).
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

    /// N/X: seconds that one task spends in flight.
    fn seconds(&self, width: f64) -> f64 {
        dot([self.a, self.b, self.c], terms(width))
    }

    fn is_positive_at(&self, points: &[Point]) -> bool {
        points.iter().all(|p| self.seconds(p.width) > 0.0)
    }

    /// Derivatives of X(N) by *a*, *b* and *c*.
    pub(super) fn gradient(&self, width: f64) -> Vector {
        let slope = -width / self.seconds(width).powi(2);
        terms(width).map(|term| slope * term)
    }

    /// The weighted sum of squared residuals.
    pub(super) fn loss(&self, points: &[Point]) -> f64 {
        points.iter().map(|p| p.weight * (p.rate - self.at(p.width)).powi(2)).sum()
    }
}

/// What *a*, *b* and *c* are multiplied by in N/X.
fn terms(width: f64) -> Vector {
    [1.0, width - 1.0, width * (width - 1.0)]
}

fn dot(x: Vector, y: Vector) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

/// A part of the bounds: which coefficients are free there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Only *a*: σ = κ = 0.
    Linear,
    /// *a* and *b*: κ = 0.
    Contended,
    /// *a* and *c*: σ = 0.
    Incoherent,
    /// All of them.
    Inside,
    /// *a* = *b*, and *c* = 0: σ = 1, κ = 0.
    Serial,
    /// *a* = *b*, and *c*: σ = 1.
    SerialIncoherent,
}

impl Face {
    /// The free directions, each in terms of *a*, *b* and *c*.
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

/// The best curve on any of `faces` with a > 0, 0 ≤ b ≤ a and c ≥ 0.
pub(super) fn fit(points: &[Point], faces: &[Face]) -> Option<Curve> {
    let keeps_bounds = |curve: &Curve| curve.a > 0.0 && (0.0..=curve.a).contains(&curve.b) && curve.c >= 0.0;
    let minima = faces.iter().filter_map(|face| minimise(points, face.directions())).filter(keeps_bounds);
    minima.min_by(|x, y| x.loss(points).total_cmp(&y.loss(points)))
}

/// The minimum over the span of `directions`, whatever the bounds.
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

/// Whether a step changes the curve at none of the points by anything that matters.
fn is_small(step: Vector, curve: &Curve, points: &[Point]) -> bool {
    points.iter().all(|p| dot(step, terms(p.width)).abs() <= SMALL_STEP * curve.seconds(p.width))
}

/// Weighted linear least squares of N/X; a straight line through the origin where that gives times
/// below zero.
fn start(points: &[Point], directions: &[Vector]) -> Option<Curve> {
    let linear = |directions: &[Vector]| {
        // An error of X is one of N/X² in N/X.
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

/// The Levenberg–Marquardt step.
fn step(points: &[Point], curve: &Curve, directions: &[Vector], damping: f64) -> Option<Vector> {
    let rows = points.iter().map(|p| {
        let weight = p.weight.sqrt();
        (curve.gradient(p.width).map(|g| g * weight), (p.rate - curve.at(p.width)) * weight)
    });
    solve_rows(rows, directions, damping)
}

/// Least squares of `row · x = value` with `x` in the span of `directions`, by normal equations whose
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

/// Covariances of *a*, *b* and *c* at the minimum, over the first `free` of them, by the linear
/// approximation: s²(JᵀWJ)⁻¹ (Bates and Watts, *Nonlinear Regression Analysis*, 1988, section 2.2).
///
/// A coefficient at its bound is taken as free, which makes the intervals rather wide than narrow.
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

/// xᵀMx.
pub(super) fn quadratic(matrix: &Matrix, x: Vector) -> f64 {
    dot(x, matrix.map(|row| dot(row, x)))
}

/// The inverse of the leading `k` × `k` part of a positive definite matrix, by Gauss and Jordan with
/// pivots, its diagonal scaled to 1 before `damping` is added.
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
        // Beyond this the coefficients cannot be told apart.
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
            // It is symmetric, so its rows are its columns.
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
