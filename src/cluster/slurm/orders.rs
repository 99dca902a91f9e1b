//! The places of items in the order of a run, by their numbers.

/// Numbers and places grow together, but where an earlier run has finished items.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// The first number of each row without a gap, with its place.
    rows: Vec<(u64, u64)>,
}

impl Orders {
    /// Adds the next item.
    pub(crate) fn add(&mut self, number: u64, order: u64) {
        let goes_on = self.rows.last().is_some_and(|(first, at)| number - first == order - at);
        if !goes_on {
            self.rows.push((number, order));
        }
    }

    /// Returns the place of an item that was added.
    pub(crate) fn of(&self, number: u64) -> u64 {
        let row = self.rows.partition_point(|(first, _)| *first <= number).checked_sub(1);
        row.map_or(0, |row| {
            let (first, at) = self.rows[row];
            at + (number - first)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_has_its_place_wherever_items_are_left_out() {
        let mut orders = Orders::default();
        let numbers = [1, 2, 3, 7, 9, 10];
        (0..).zip(numbers).for_each(|(order, number)| orders.add(number, order));
        assert_eq!(numbers.map(|number| orders.of(number)), [0, 1, 2, 3, 4, 5]);
        assert_eq!(orders.rows.len(), 3);
    }
}
