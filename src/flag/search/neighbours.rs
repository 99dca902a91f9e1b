//! The cells next to one, along every parameter: the best of several numbers is not known before they are.

use crate::flag::parameters::Parameters;
use crate::flag::search::{Search, WORTH_A_LOOK};
use crate::policy::INDIFFERENCE;

/// Standard deviations by which a bound may be passed.
const BOUND_SDS: f64 = 2.0;

impl Search {
    /// Returns the cells next to cell `i` that nothing rules out to be better: no run, and no bound. They are those
    /// one step up and down in each number, those of the same total with one step more or fewer processes, and
    /// the same numbers with every other listed value.
    ///
    /// Empty where all cells were seen to do the same.
    pub(super) fn open_neighbours(&self, i: usize) -> Vec<usize> {
        if self.is_flat() {
            return Vec::new();
        }
        let mut open = self.neighbours(i);
        open.retain(|other| !self.is_ruled_out(*other, i));
        open
    }

    /// Returns the cells next to the leader that may be better and did not run.
    pub(crate) fn open_beside_leader(&self) -> Vec<usize> {
        self.leader().map_or_else(Vec::new, |leader| self.open_neighbours(leader))
    }

    fn neighbours(&self, i: usize) -> Vec<usize> {
        let at = &self.records[i].parameters;
        let width = |j: &usize| self.records[*j].parameters.width;
        let mut found =
            self.beside(|other| other.processes == at.processes && other.value == at.value, i, width);
        let processes = |j: &usize| self.records[*j].parameters.processes.unwrap_or(1);
        let rows = self.beside(|other| other.value == at.value, i, processes);
        for row in rows.into_iter().map(|j| self.records[j].parameters.processes) {
            let of_row = |other: &Parameters| other.processes == row && other.value == at.value;
            found.extend(self.nearest(of_row, |other| other.width.abs_diff(at.width)));
            found.extend(self.nearest(of_row, |other| other.total().abs_diff(at.total())));
        }
        let mut values: Vec<&Option<String>> = self.space.cells.iter().map(|cell| &cell.value).collect();
        values.sort_unstable();
        values.dedup();
        for value in values.into_iter().filter(|value| **value != at.value) {
            let of_value = |other: &Parameters| other.value == *value && other.processes == at.processes;
            found.extend(self.nearest(of_value, |other| other.width.abs_diff(at.width)));
        }
        found.sort_unstable();
        found.dedup();
        found.retain(|j| *j != i && self.competes(*j));
        found
    }

    /// Returns a cell one step down and one a step up from cell `i` in a number.
    fn beside(
        &self,
        is_like: impl Fn(&Parameters) -> bool,
        i: usize,
        number: impl Fn(&usize) -> usize,
    ) -> Vec<usize> {
        let here = number(&i);
        let alike =
            || (0..self.records.len()).filter(|j| is_like(&self.records[*j].parameters) && self.competes(*j));
        let below = alike().filter(|j| number(j) < here).max_by_key(|j| number(j));
        let above = alike().filter(|j| number(j) > here).min_by_key(|j| number(j));
        below.into_iter().chain(above).collect()
    }

    fn nearest(
        &self,
        is_like: impl Fn(&Parameters) -> bool,
        off: impl Fn(&Parameters) -> usize,
    ) -> Option<usize> {
        let alike =
            (0..self.records.len()).filter(|j| is_like(&self.records[*j].parameters) && self.competes(*j));
        alike.min_by_key(|j| off(&self.records[*j].parameters))
    }

    /// Returns true if cell `j` ran, cannot be clearly better than cell `i`, or is unlikely to be by what is known
    /// of its listed value, or by a model of one number that explains every run.
    fn is_ruled_out(&self, j: usize, i: usize) -> bool {
        let (Some(standings), Some(belief)) = (self.standings(), self.belief.as_ref()) else { return true };
        let is_bounded = self.points[j].most_rate.is_some_and(|(most, sd)| {
            most * (BOUND_SDS * sd).exp() <= (1.0 + INDIFFERENCE) * standings[i].rate
        });
        let (this, other) = (&self.records[i].parameters, &self.records[j].parameters);
        let is_told = other.value != this.value || (other.processes.is_none() && self.is_explained());
        self.is_measured(j) || is_bounded || (is_told && belief.prob_beats(j, i) < WORTH_A_LOOK)
    }
}
