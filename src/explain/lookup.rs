//! The page for a name, or names that resemble it.

use crate::diagnostics::Code;
use crate::evidence::{EvidenceRow, MeasuredTable};
use crate::explain::evidence;
use crate::explain::markdown::{self, Block};
use crate::explain::render::PageLayout;
use crate::explain::strategy;
use crate::explain::topic::{HEADINGS, TOPICS, Topic};
use crate::strategy::StrategyKind;

/// Similarity (Jaro–Winkler, 0 to 1) from which a known name is suggested for an unknown one.
const MIN_SIMILARITY: f64 = 0.8;

/// Maximum number of names that are suggested for an unknown one.
const MAX_SUGGESTIONS: usize = 3;

/// Returns the list of topics, each with one line that says what it is about.
pub(crate) fn index(layout: PageLayout) -> String {
    let widest = TOPICS.iter().map(|topic| topic.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for topic in TOPICS {
        if let Some((_, heading)) = HEADINGS.iter().find(|(name, _)| *name == topic.name) {
            let gap = if text.is_empty() { "" } else { "\n" };
            text += &format!("{gap}{}\n", layout.heading(heading));
        }
        let first = format!("  {:widest$}  ", topic.name);
        text += &layout.wrapped(topic.summary(), &first, &" ".repeat(first.len()));
    }
    let strategies = StrategyKind::ALL.map(StrategyKind::as_str).join(", ");
    text += &format!("\n{}\n", layout.heading("Strategies"));
    text += &layout.wrapped(&strategies, "  ", "  ");
    text += &format!("\n{}\n", layout.heading("Codes"));
    text += &layout.wrapped("every code that conc prints, such as E-ASYNC-005", "  ", "  ");
    text += "\nconc explain TOPIC shows one of them.\n";
    text + "conc explain QUESTION answers a question.\n"
}

/// Returns the page for a topic, a strategy or a code; `None` if no page has that name.
///
/// Case does not matter, and aliases of strategies and topics count as their names. A name of a strategy and of a
/// topic has both pages.
pub(crate) fn page(name: &str, layout: PageLayout) -> Option<String> {
    let name = name.trim();
    let of_code = name.parse().ok().map(|found| code(found, layout));
    let of_strategy = name.parse().ok().map(|found| strategy::page(found, layout));
    let of_topic = Topic::find(name).map(|topic| topic_page(topic, layout));
    let pages: Vec<String> = [of_code, of_strategy, of_topic].into_iter().flatten().collect();
    (!pages.is_empty()).then(|| pages.join("\n"))
}

/// Returns the page of a topic.
pub(super) fn topic_page(topic: &Topic, layout: PageLayout) -> String {
    layout.blocks(&topic_blocks(topic))
}

/// Returns the blocks of a topic, with the rows of its table if it has one.
pub(super) fn topic_blocks(topic: &Topic) -> Vec<Block> {
    let mut blocks = markdown::parse(&topic.page());
    if let Some(table) = MeasuredTable::find(topic.name) {
        blocks.extend([evidence::block(table, &table.rows()), evidence::origin(table)]);
    }
    blocks
}

/// Returns the page with some rows of a table alone.
pub(crate) fn rows_page(table: MeasuredTable, rows: &[EvidenceRow], layout: PageLayout) -> String {
    layout.blocks(&[evidence::block(table, rows), evidence::origin(table)])
}

/// Returns up to three known names that resemble `name`, the closest first.
pub(crate) fn suggestions(name: &str) -> Vec<&'static str> {
    let name = name.trim().to_lowercase();
    let similarity = |known: &str| strsim::jaro_winkler(&known.to_lowercase(), &name);
    let mut scored: Vec<_> = names().map(|known| (similarity(known), known)).collect();
    scored.retain(|(score, _)| *score >= MIN_SIMILARITY);
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().map(|(_, known)| known).take(MAX_SUGGESTIONS).collect()
}

fn names() -> impl Iterator<Item = &'static str> {
    let topics = TOPICS.iter().map(|topic| topic.name);
    let strategies = StrategyKind::ALL.into_iter().map(StrategyKind::as_str);
    topics.chain(strategies).chain(Code::ALL.iter().map(|code| code.as_str()))
}

pub(super) fn code(code: Code, layout: PageLayout) -> String {
    let entry = code.entry();
    let title = layout.wrapped(&layout.heading(&format!("{code}: {}", entry.title)), "", "");
    format!("{title}\n{}{}", layout.labelled("Cause", entry.cause), layout.labelled("Remedy", entry.remedy))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUT: PageLayout = PageLayout { width: 60, is_styled: false };

    #[test]
    fn every_name_has_a_page_and_every_topic_is_listed() {
        let list = index(LAYOUT);
        for name in names() {
            assert!(page(name, LAYOUT).is_some(), "{name}");
        }
        for topic in TOPICS {
            assert!(list.contains(&format!("\n  {} ", topic.name)), "{list}");
            for alias in topic.aliases {
                assert!(page(alias, LAYOUT).is_some(), "{alias}");
            }
        }
        assert!(list.lines().all(|line| textwrap::core::display_width(line) <= 60), "{list}");
    }

    #[test]
    fn an_unknown_name_has_no_page_but_neighbours() {
        assert_eq!(page("fibers", LAYOUT), None);
        assert_eq!(suggestions("stratgies").first(), Some(&"strategies"));
        assert_eq!(suggestions("E-ASYNC-05").first(), Some(&"E-ASYNC-005"));
        assert_eq!(suggestions("quux"), Vec::<&str>::new());
    }

    #[test]
    fn a_code_has_a_cause_and_a_remedy() {
        insta::assert_snapshot!(page("e-async-002", LAYOUT).expect("a page"), @r"
        E-ASYNC-002: coroutine not awaited

        Cause      A coroutine was created and dropped without being
                   awaited, so its work never ran. In Python: an
                   async function called without await, or its
                   result used as if it were the value.
        Remedy     Await it, or hand it to a task group.
        ");
    }
}
