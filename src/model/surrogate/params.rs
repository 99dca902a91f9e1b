//! The tuned parameters of the process.

/// Parameters of the kernel, the hyper-parameter grids and the ceiling.
///
/// The defaults were tuned on `cargo test --test search` and `cargo bench --bench regret`, which can sweep them.
/// All standard deviations are of ln throughput.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurrogateParams {
    /// Standard deviation of the error that all predictions share, before scaling.
    pub common_sd: f64,
    /// Standard deviation of the error that varies along the width, for all strategies alike.
    pub width_sd: f64,
    /// Standard deviation of the error of each strategy.
    pub strategy_sd: f64,
    /// Standard deviation of the error of each strategy that varies along the width.
    pub strategy_width_sd: f64,
    /// Standard deviation of the error of each configuration on its own.
    pub configuration_sd: f64,
    /// Number of doublings of the width over which an error changes.
    pub width_length_doublings: f64,
    /// Standard deviation of the error that varies along each of two numbers whose product is the width; 0 where
    /// the width is one number.
    pub factor_sd: f64,
    /// Standard deviation of the error that varies along both at once.
    pub factors_sd: f64,
    /// Number of doublings of one of these numbers over which an error changes.
    pub factor_length_doublings: f64,
    /// Time constant of the drift, in seconds.
    pub drift_time_s: f64,
    /// Factors tried for the scale of the kernel.
    pub scales: [f64; 6],
    /// Standard deviations tried for the noise of a batch.
    pub noises: [f64; 6],
    /// Standard deviations tried for the drift.
    pub drifts: [f64; 4],
    /// Index of the scale that is expected before anything is measured.
    pub usual_scale: usize,
    /// Index of the noise that is expected before anything is measured.
    pub usual_noise: usize,
    /// Index of the drift that is expected before anything is measured.
    pub usual_drift: usize,
    /// Standard deviation of ln of each hyper-parameter around its usual value: the hyper-prior.
    pub hyperprior_sd: f64,
    /// Penalty in ln likelihood for assuming a ceiling, such as an upstream that serves few requests at once.
    pub ceiling_cost: f64,
    /// Minimum shortfall of a batch below its prediction, in ln, that may indicate a ceiling.
    pub min_shortfall: f64,
    /// Distance, in ln, within which two strategies that fall short must do so for a ceiling that both share.
    pub ceiling_tolerance: f64,
    /// Standard deviation of the errors of a strategy that is off on its own: of one error at all widths, and
    /// of one that varies along the width.
    pub odd_sd: f64,
    /// Penalty in ln likelihood for assuming that one strategy is off on its own.
    pub odd_cost: f64,
    /// Minimum distance of a batch from its prediction, in ln, that may indicate that its strategy is off.
    pub min_oddity: f64,
    /// Index of the kernel scale that is tried first under a ceiling.
    pub ceiling_scale: usize,
    /// Excess of a prediction over the ceiling, in ln, over which the prediction's error fades.
    pub attenuation_length: f64,
    /// Share of a prediction's error that remains far above the ceiling.
    pub residual_attenuation: f64,
    /// Residual, in standard deviations, beyond which a batch weighs less (Huber, "Robust estimation of a
    /// location parameter", Ann. Math. Stat. 35 (1964), 73–101).
    pub outlier_sds: f64,
}

impl Default for SurrogateParams {
    fn default() -> Self {
        SurrogateParams {
            common_sd: 0.3,
            width_sd: 0.5,
            strategy_sd: 0.15,
            strategy_width_sd: 0.15,
            configuration_sd: 0.04,
            width_length_doublings: 1.5,
            factor_sd: 0.0,
            factors_sd: 0.0,
            factor_length_doublings: 2.0,
            drift_time_s: 5.0,
            scales: [0.125, 0.25, 0.5, 1.0, 2.0, 4.0],
            noises: [0.01, 0.02, 0.04, 0.08, 0.16, 0.32],
            drifts: [0.02, 0.05, 0.12, 0.25],
            usual_scale: 3,
            usual_noise: 2,
            usual_drift: 1,
            hyperprior_sd: 1.2,
            ceiling_cost: 3.0,
            min_shortfall: 0.1,
            ceiling_tolerance: 0.3,
            odd_sd: 1.2,
            odd_cost: 1.0,
            min_oddity: 0.4,
            ceiling_scale: 1,
            attenuation_length: 0.3,
            residual_attenuation: 0.3,
            outlier_sds: 2.0,
        }
    }
}
