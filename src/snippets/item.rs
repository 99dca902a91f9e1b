//! The items that a program runs over.

use crate::snippets::shape::TaskShape;

/// Items written into a program; the user puts the others there.
const SHOWN: usize = 3;

/// The items of a program.
pub(super) enum ItemList<'a> {
    /// The numbers below the count.
    Numbers(u64),
    /// All there are.
    All(&'a [String]),
    /// The first few, repeated to the count.
    Sample(&'a [String], u64),
}

impl<'a> ItemList<'a> {
    /// The items of `shape`.
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

    /// Whether items are text rather than numbers.
    pub(super) fn is_text(&self) -> bool {
        !matches!(self, ItemList::Numbers(_))
    }
}
