//! Strings with a place for the item in them.

use std::borrow::Cow;

use crate::workload::item::Item;

/// The placeholder in workload files.
pub(crate) const PLACEHOLDER: &str = "{item}";

/// A string in which every `{item}` is replaced by the item of the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template {
    text: String,
    varies: bool,
}

impl Template {
    /// Looks for the placeholder once, so that rendering a constant costs nothing.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        let varies = text.contains(PLACEHOLDER);
        Template { text, varies }
    }

    /// Returns true if the text depends on the item.
    pub(crate) fn varies(&self) -> bool {
        self.varies
    }

    /// Returns the text for one item.
    pub(crate) fn render(&self, item: Item<'_>) -> Cow<'_, str> {
        if self.varies {
            Cow::Owned(self.text.replace(PLACEHOLDER, &item.to_string()))
        } else {
            Cow::Borrowed(&self.text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_placeholder_is_replaced() {
        assert_eq!(Template::new("{item}-{item}").render(Item::Index(7)), "7-7");
        assert!(matches!(Template::new("plain").render(Item::Index(7)), Cow::Borrowed("plain")));
    }
}
