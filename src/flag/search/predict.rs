//! What is expected of each cell: by the run that tells most about it, and by the belief.

use crate::flag::belief::{FlagBelief, FlagPoint, Landscape, params};
use crate::flag::caps::line;
use crate::flag::model::WorkModel;
use crate::flag::parameters::Parameters;
use crate::flag::record::Record;
use crate::flag::search::{CONTENTION_FROM, Search};
use crate::model::surrogate::Observation;

/// Standard deviation of ln of the CPU time by which another pair of processes and threads may need less: caches are
/// shared otherwise, and fewer threads wait for one another.
const LESS_CPU_IN_ANOTHER_SHAPE: f64 = 0.15;

/// Difference of ln of the rate up to which the prediction explains a run.
const EXPLAINED_WITHIN: f64 = 0.15;

/// The run that tells most about a cell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// What the run tells about the work.
    pub model: WorkModel,
    /// Its rate.
    rate: f64,
}

impl Search {
    /// Returns what the run that tells most about cell `i` says: the first of its value and number of processes,
    /// or of its value, or of all. `None` before anything ran.
    pub(crate) fn known(&self, i: usize) -> Option<Known> {
        let Parameters { processes, value, .. } = &self.records[i].parameters;
        let of_value = |of: &Parameters| of.value == *value;
        let of_shape = |of: &Parameters| of.value == *value && of.processes == *processes;
        // One thread shows nothing of what several do.
        let teller = self
            .first_run(|of| of_shape(of) && of.total() > 1)
            .or_else(|| self.first_run(|of| of_value(of) && of.total() > 1))
            .or_else(|| self.first_run(of_value))
            .or_else(|| self.first_run(|_| true))?;
        let record = &self.records[teller];
        let run = record.counted().next()?;
        let model = WorkModel::of(&run.measure, record.parameters.total(), self.space.cpus)
            .growing(self.cpu_per_thread_s(&record.parameters));
        Some(Known { model, rate: run.rate })
    }

    /// Returns the cell that ran first of those that are like it. The cell that was chosen to be the first of a
    /// value stays the first, also if its first run was a warm-up.
    fn first_run(&self, is_like: impl Fn(&Parameters) -> bool) -> Option<usize> {
        let begun_s = |i: usize| self.records[i].counted().next().map(|run| run.at_s);
        let ran = (0..self.records.len()).filter_map(|i| Some((i, begun_s(i)?)));
        let ran =
            ran.filter(|(i, _)| self.records[*i].is_measured() && is_like(&self.records[*i].parameters));
        let order = |(i, at_s): &(usize, f64)| (!self.first.contains(i), *at_s);
        ran.min_by(|a, b| {
            let ((late, at_s), (other_late, other_at_s)) = (order(a), order(b));
            late.cmp(&other_late).then(at_s.total_cmp(&other_at_s))
        })
        .map(|(i, _)| i)
    }

    /// Returns the CPU seconds that a further thread costs, by the cells of the same value and number of processes
    /// that are no narrower than `from`; 0 unless two have run.
    fn cpu_per_thread_s(&self, from: &Parameters) -> f64 {
        let wide = self.records.iter().filter(|record| {
            let of = &record.parameters;
            let is_like = of.value == from.value && of.processes == from.processes;
            record.is_measured() && is_like && of.total() >= from.total()
        });
        let points: Vec<(f64, f64)> = wide
            .map(|record| (record.parameters.total() as f64, record.mean(|run| run.cpu.total_s())))
            .collect();
        line(&points).map_or(0.0, |(_, slope)| slope)
    }

    /// Returns the seconds that a run of cell `i` is expected to take.
    pub(crate) fn expected_s(&self, i: usize) -> Option<f64> {
        let record = &self.records[i];
        if record.is_measured() {
            return Some(record.mean(|run| run.wall_s));
        }
        Some(self.known(i)?.model.seconds(record.parameters.total(), self.space.cpus))
    }

    /// Returns the rate that the run that tells most about cell `i` predicts for it.
    pub(crate) fn predicted_rate(&self, i: usize) -> Option<f64> {
        Some(self.rate_by(&self.known(i)?, self.records[i].parameters.total()))
    }

    fn rate_by(&self, known: &Known, total: usize) -> f64 {
        let now_s = known.model.on(self.space.assumed_cpus).seconds(total, self.space.cpus);
        let then_s = known.model.seconds_of_run(self.space.cpus).max(f64::MIN_POSITIVE);
        known.rate * then_s / now_s.max(f64::MIN_POSITIVE)
    }

    /// Derives the belief from all runs; `None` before anything ran.
    pub(super) fn believed(&self, landscape: Landscape) -> Option<(Vec<FlagPoint>, FlagBelief)> {
        let points = (0..self.records.len()).map(|i| self.point(i, landscape)).collect::<Option<Vec<_>>>()?;
        let params = params(landscape);
        let belief = FlagBelief::new(&points, &self.observations(), self.hyper, &params, self.space.seed);
        Some((points, belief))
    }

    fn point(&self, i: usize, landscape: Landscape) -> Option<FlagPoint> {
        let record = &self.records[i];
        let Parameters { processes, value, .. } = &record.parameters;
        let is_like =
            |other: &Record| other.parameters.processes == *processes && other.parameters.value == *value;
        let group = self.records.iter().position(is_like).unwrap_or(0);
        let known = self.known(i)?;
        let total = record.parameters.total();
        let is_free = processes.is_some() || self.is_path_refuted();
        let bounding = if is_free { known.model.of_any_shape() } else { known.model };
        let (least_s, sd) = bounding.on(self.space.assumed_cpus).least(total);
        let sd = if processes.is_none() { sd } else { sd.hypot(LESS_CPU_IN_ANOTHER_SHAPE) };
        let is_flat = landscape == Landscape::Flat;
        let is_bounded = self.space.objective.is_time() && !record.is_measured() && !is_flat;
        Some(FlagPoint {
            total,
            processes: processes.unwrap_or(1),
            group,
            prior_rate: if is_flat { self.mean_rate()? } else { self.rate_by(&known, total) },
            most_rate: is_bounded.then(|| (least_s.max(f64::MIN_POSITIVE).recip(), sd)),
            competes: self.competes(i),
        })
    }

    /// Returns true if a run took less than another one of its value had to do alone: what seemed to stay whatever
    /// the width does not, and bounds nothing.
    fn is_path_refuted(&self) -> bool {
        (0..self.records.len()).filter(|i| self.is_measured(*i)).any(|i| {
            let wall_s = self.records[i].mean(|run| run.wall_s);
            self.known(i).is_some_and(|known| known.model.is_refuted_by(wall_s))
        })
    }

    /// Returns true if every cell that ran was about as fast as predicted.
    pub(super) fn is_explained(&self) -> bool {
        (0..self.records.len()).filter(|i| self.is_measured(*i)).all(|i| {
            let rate = self.records[i].rate();
            let predicted = self.predicted_rate(i).unwrap_or(rate);
            (rate / predicted).ln().abs() <= EXPLAINED_WITHIN
        })
    }

    /// Returns the geometric mean of the rates of all runs that count.
    fn mean_rate(&self) -> Option<f64> {
        let runs = self.records.iter().filter(|record| record.is_measured()).flat_map(Record::counted);
        let rates: Vec<f64> = runs.map(|run| run.rate.ln()).collect();
        (!rates.is_empty()).then(|| (rates.iter().sum::<f64>() / rates.len() as f64).exp())
    }

    fn observations(&self) -> Vec<Observation> {
        if self.space.assumed_cpus != self.space.cpus {
            return Vec::new();
        }
        let of = |(point, record): (usize, &Record)| {
            let runs =
                record.counted().map(move |run| Observation { point, at_s: run.at_s, value: run.rate.ln() });
            runs.collect::<Vec<_>>()
        };
        self.records.iter().enumerate().flat_map(of).collect()
    }

    /// Returns how the cells hang together before anything is known of their differences.
    pub(super) fn landscape(&self) -> Landscape {
        let has_processes = self.records.iter().any(|record| record.parameters.processes.is_some());
        if has_processes { Landscape::TwoNumbers } else { Landscape::OneNumber }
    }

    /// Returns true if what was seen says that the program does the same whatever the number: with a narrow one
    /// and a wide one it takes as long and does the same, and its threads do not fight, which fewer would not.
    pub(super) fn is_flat(&self) -> bool {
        let is_listed = self.records.iter().any(|record| record.parameters.value.is_some());
        !is_listed && !self.may_fight() && self.without_effect().is_some()
    }

    /// Returns true if contention may explain so much of the first run that fewer threads may be faster.
    pub(super) fn may_fight(&self) -> bool {
        self.known(self.first()).is_some_and(|known| known.model.contention() >= CONTENTION_FROM)
    }
}
