//! The items that tasks run over: a count, or a list of strings.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The items of a workload; one task each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Items {
    /// The numbers from 0, made when asked for, so that ten million cost nothing.
    Count(u64),
    /// Given strings.
    List(Vec<String>),
    /// The strings of some tasks only, as a worker process is sent them.
    Slice {
        /// The position of the first string in the order.
        first: u64,
        /// The strings.
        list: Vec<String>,
    },
}

impl Items {
    /// Returns the number of items.
    pub fn len(&self) -> u64 {
        match self {
            Items::Count(n) => *n,
            Items::List(list) | Items::Slice { list, .. } => list.len() as u64,
        }
    }

    /// Returns true if there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the item of task `index`, or of a slice the one at that position; indexes beyond the end start
    /// over.
    pub fn get(&self, index: u64) -> Item<'_> {
        match self {
            Items::Count(n) => Item::Index(index % (*n).max(1)),
            Items::List(list) => Item::Text(&list[(index % list.len() as u64) as usize]),
            Items::Slice { first, list } => Item::Text(&list[(index - first) as usize]),
        }
    }

    /// Returns the items of some tasks, to be sent elsewhere; `None` where the index alone is the item.
    pub fn slice(&self, tasks: std::ops::Range<u64>) -> Option<Vec<String>> {
        match self {
            Items::Count(_) => None,
            Items::List(_) | Items::Slice { .. } => Some(tasks.map(|i| self.get(i).to_string()).collect()),
        }
    }
}

/// An item, which replaces `{item}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A number below a count.
    Index(u64),
    /// A string of a list.
    Text(&'a str),
}

impl fmt::Display for Item<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Item::Index(i) => write!(f, "{i}"),
            Item::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_start_over_after_the_last() {
        let list = Items::List(vec!["a".into(), "b".into()]);
        assert_eq!(list.get(3), Item::Text("b"));
        assert_eq!(Items::Count(10).get(23), Item::Index(3));
    }
}
