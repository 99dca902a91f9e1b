//! The items that a program runs over.

use crate::snippets::shape::TaskShape;

/// Maximum number of items written into a program; the user adds the others.
const SHOWN: usize = 3;

/// The items of a program.
pub(super) enum ItemList<'a> {
    /// The numbers below the count.
    Numbers(u64),
    /// All items.
    All(&'a [String]),
    /// The first few, repeated to the count.
    Sample(&'a [String], u64),
}

impl<'a> ItemList<'a> {
    /// Returns the items of `shape`.
    pub(super) fn of(shape: &'a TaskShape) -> Self {
        let shown = &shape.items[..shape.items.len().min(SHOWN)];
        if shown.is_empty() {
            ItemList::Numbers(shape.tasks)
        } else if shown.len() as u64 == shape.tasks {
            ItemList::All(shown)
        } else {
            ItemList::Sample(shown, shape.tasks)
        }
    }

    /// Returns true if items are text rather than numbers.
    pub(super) fn is_text(&self) -> bool {
        !matches!(self, ItemList::Numbers(_))
    }
}
