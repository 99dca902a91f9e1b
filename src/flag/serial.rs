//! The part of the work that runs in one thread, and the speed-up that it allows.

use serde::{Deserialize, Serialize};

use crate::flag::search::Search;
use crate::model::amdahl::Amdahl;
use crate::model::nls::Point;

/// Serial share that samples cannot tell from none.
const LEAST_SERIAL: f64 = 0.02;

/// Serial share from which nothing was seen to run in parallel, and no ceiling is worth telling.
const MOST_SERIAL: f64 = 0.9;

/// Seconds of a run from which its samples tell a serial share.
const SERIAL_SEEN_FROM_S: f64 = 0.5;

/// Multiple of the predicted rate up to which the prediction explains what was measured.
const EXPLAINED_UP_TO: f64 = 1.15;

/// Number of widths from which Amdahl's law is fitted.
const MIN_WIDTHS_OF_FIT: usize = 3;

/// The part of the work that runs in one thread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SerialShare {
    /// Its share of the time that one thread would need for all, from 0 to 1.
    pub share: f64,
    /// The speed-up that no number of CPUs can pass (Amdahl's law); null if nothing is serial, or nearly everything.
    pub ceiling: Option<f64>,
    /// The source of the share.
    pub source: SerialSource,
}

/// The source of a serial share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SerialSource {
    /// The time with one worker in the samples of a run.
    Samples,
    /// Amdahl's law, fitted to three widths or more.
    Fit,
}

/// Returns the part of the work that runs in one thread, of the value of cell `i`: by a fit to the widths up to
/// the CPUs, or by the samples of its first run.
pub(crate) fn serial_share(search: &Search, i: usize) -> Option<SerialShare> {
    let value = &search.records()[i].parameters.value;
    let ceiling = |share: f64| (LEAST_SERIAL..MOST_SERIAL).contains(&share).then(|| share.recip());
    let points: Vec<Point> = (search.records().iter())
        .filter(|record| record.is_measured() && record.parameters.value == *value)
        .filter(|record| record.parameters.total() as f64 <= search.space().cpus)
        .map(|record| Point::new(record.parameters.total() as f64, record.rate()))
        .collect();
    if points.len() >= MIN_WIDTHS_OF_FIT
        && let Some(fit) = Amdahl::fit(&points)
    {
        let share = fit.sigma.value;
        return Some(SerialShare { share, ceiling: ceiling(share), source: SerialSource::Fit });
    }
    let model = search.known(i)?.model;
    let is_seen = search.records().iter().any(|record| {
        let total = record.parameters.total();
        record.parameters.value == *value
            && total > 1
            && record.is_measured()
            && record.mean(|run| run.wall_s) >= SERIAL_SEEN_FROM_S
    });
    let share = model.serial_share();
    let serial = SerialShare { share, ceiling: ceiling(share), source: SerialSource::Samples };
    Some(serial).filter(|_| is_seen && search.space().objective.is_time() && is_explained(search, i))
}

/// Returns true if the rate of cell `i` is about what the first run predicts: if more was gained, what looked
/// serial there was not.
pub(crate) fn is_explained(search: &Search, i: usize) -> bool {
    let predicted = search.predicted_rate(i);
    let record = &search.records()[i];
    !record.is_measured() || predicted.is_none_or(|predicted| record.rate() <= EXPLAINED_UP_TO * predicted)
}
