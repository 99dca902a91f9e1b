//! The page about a strategy, from its row of the catalogue.

use crate::explain::render::PageLayout;
use crate::strategy::StrategyKind;
use crate::strategy::info::StrategyHelp;

/// Returns the page about a strategy.
pub(super) fn page(kind: StrategyKind, layout: PageLayout) -> String {
    let StrategyHelp { what, width, wins, loses } = kind.info().help;
    let sections = [("What", what), ("Width", width), ("Wins", wins), ("Loses", loses)];
    let sections = sections.map(|(label, text)| layout.labelled(label, text)).concat();
    format!("{}\n\n{sections}", layout.heading(kind.as_str()))
}
