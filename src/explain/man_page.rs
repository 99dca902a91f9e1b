//! Topics as man pages of section 7.

use clap_mangen::roff::{Inline, Roff, bold, italic, roman};

use crate::explain::lookup::topic_blocks;
use crate::explain::markdown::{Block, Mark, Span, unmarked};
use crate::explain::render::PageLayout;
use crate::explain::topic::{TOPICS, Topic};

/// Columns of a table: what 80 columns leave between the margins of a man page.
const TABLE_COLUMNS: usize = 71;

/// Words before the name of another topic.
const REFERENCE: &str = "conc explain ";

/// Returns the file name and the text of the page of every topic, and of one for each other word that leads to it.
pub(crate) fn man_pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    for topic in TOPICS {
        let name = page_name(topic.name);
        pages.push((format!("{name}.7"), man_page(topic)));
        let words = topic.aliases.iter().filter(|alias| is_file_name(alias));
        let other = |alias: &&str| (format!("{}.7", page_name(alias)), format!(".so man7/{name}.7\n"));
        pages.extend(words.map(other));
    }
    pages
}

/// Returns the topics that `text` points to by `conc explain TOPIC`, in alphabetical order.
pub(crate) fn references(text: &str) -> Vec<&'static str> {
    let named = text.split(REFERENCE).skip(1).filter_map(|rest| {
        let end =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').unwrap_or(rest.len());
        Topic::find(&rest[..end])
    });
    let mut names: Vec<&str> = named.map(|topic| topic.name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns the section `SEE ALSO`: pages of section 1, then of topics.
pub(crate) fn see_also(commands: &[&str], topics: &[&str]) -> Roff {
    let mut roff = Roff::new();
    let commands = commands.iter().map(|name| ((*name).to_owned(), 1));
    let pages: Vec<(String, u8)> = commands.chain(topics.iter().map(|name| (page_name(name), 7))).collect();
    if pages.is_empty() {
        return roff;
    }
    roff.control("SH", ["SEE ALSO"]);
    let mut line = Vec::new();
    for (i, (name, section)) in pages.into_iter().enumerate() {
        let comma = if i > 0 { ", " } else { "" };
        line.extend([roman(comma), bold(name), roman(format!("({section})"))]);
    }
    roff.text(line);
    roff
}

/// Returns the page of one topic.
pub(crate) fn man_page(topic: &Topic) -> String {
    let mut page = Page::default();
    let name = page_name(topic.name);
    let source = concat!("conc ", env!("CARGO_PKG_VERSION"));
    page.roff.control("TH", [name.as_str(), "7", "\"\"", source, "conc"]);
    // Long addresses neither break nor fill a line.
    page.roff.control("ad", ["l"]).control("nh", []);
    page.roff.control("SH", ["NAME"]).text([roman(format!("{name} - {}", topic.summary()))]);
    let blocks = topic_blocks(topic);
    // The first block is the title.
    let rest = blocks.get(1..).unwrap_or_default();
    if !matches!(rest.first(), Some(Block::Heading(..))) {
        page.heading("SH", "DESCRIPTION");
    }
    rest.iter().for_each(|block| page.add(block));
    let mut others = references(topic.text);
    others.retain(|name| *name != topic.name);
    page.roff.extend([see_also(&["conc", "conc-explain"], &others)]);
    ascii(&breakable(&page.roff.render()))
}

/// Lets addresses break behind their slashes.
fn breakable(text: &str) -> String {
    let word = |word: &str| match word.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.replace('/', "/\\:")),
        None => word.to_owned(),
    };
    text.split_inclusive([' ', '\n']).map(word).collect()
}

fn page_name(topic: &str) -> String {
    format!("conc-{topic}")
}

/// Returns true if a word may be a part of a file's name.
fn is_file_name(word: &str) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(is_usual)
}

/// Replaces characters beyond ASCII by their names in the language of `man`, which does not know the encoding.
pub(crate) fn ascii(text: &str) -> String {
    let mut replaced = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() { replaced.push(c) } else { replaced += &format!("\\[u{:04X}]", u32::from(c)) }
    }
    replaced
}

/// A page that is being written.
#[derive(Default)]
struct Page {
    roff: Roff,
    /// True right below a heading, where a paragraph needs no space.
    is_below_heading: bool,
}

impl Page {
    fn heading(&mut self, level: &str, text: &str) {
        self.roff.control(level, [text]);
        self.is_below_heading = true;
    }

    fn add(&mut self, block: &Block) {
        let is_first = std::mem::take(&mut self.is_below_heading);
        match block {
            Block::Heading(level, spans) => {
                self.heading(if *level <= 2 { "SH" } else { "SS" }, &unmarked(spans));
            }
            Block::Paragraph(spans) => {
                self.paragraph(is_first);
                self.roff.text(inlines(spans));
            }
            Block::Item(depth, marker, spans) => self.item(*depth, marker, spans),
            Block::Code(_, lines) => {
                self.roff.control("IP", ["\"\"", "2"]);
                self.unfilled(lines.lines());
            }
            Block::Table(_) => {
                self.paragraph(is_first);
                let layout = PageLayout { width: TABLE_COLUMNS, is_styled: false };
                self.unfilled(layout.blocks(std::slice::from_ref(block)).lines());
            }
        }
    }

    fn paragraph(&mut self, is_first: bool) {
        if !is_first {
            self.roff.control("PP", []);
        }
    }

    fn item(&mut self, depth: usize, marker: &str, spans: &[Span]) {
        (0..depth).for_each(|_| _ = self.roff.control("RS", ["4"]));
        let (bullet, width) = if marker == "-" { ("\\(bu", "2") } else { (marker, "4") };
        self.roff.control("IP", [bullet, width]).text(inlines(spans));
        (0..depth).for_each(|_| _ = self.roff.control("RE", []));
    }

    /// Adds lines that stay as they are.
    fn unfilled<'a>(&mut self, lines: impl Iterator<Item = &'a str>) {
        self.roff.control("nf", []);
        lines.for_each(|line| _ = self.roff.text([roman(line)]));
        self.roff.control("fi", []);
    }
}

fn inlines(spans: &[Span]) -> Vec<Inline> {
    let inline = |span: &Span| match span.mark {
        Mark::Plain => roman(&span.text),
        Mark::Code => bold(&span.text),
        Mark::Strong => italic(&span.text),
    };
    spans.iter().map(inline).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_has_a_page_and_other_words_lead_to_it() {
        let pages = man_pages();
        let text = |name: &str| pages.iter().find(|(file, _)| file == name).map(|(_, text)| text.as_str());
        assert!(TOPICS.iter().all(|topic| text(&format!("conc-{}.7", topic.name)).is_some()));
        assert_eq!(text("conc-asyncio.7"), Some(".so man7/conc-event-loop.7\n"));
        let mut names: Vec<&String> = pages.iter().map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), pages.len(), "no page is overwritten by another");
        assert!(pages.iter().all(|(name, text)| text.is_ascii() && is_file_name(&name.replace('.', "-"))));
    }

    #[test]
    fn a_page_has_its_sections_programs_and_references() {
        let page = man_page(Topic::find("event-loop").expect("a topic"));
        for part in [
            ".TH conc-event-loop 7 \"\" \"conc ",
            "conc\\-event\\-loop \\- thousands of waits in one thread\n",
            ".SH DESCRIPTION\nAn event loop",
            ".SH Pitfalls\n.IP \\(bu 2\n",
            "\nasync def ",
            "\\fBconc\\-task\\-groups\\fR(7)",
        ] {
            assert!(page.contains(part), "{part:?} is not in {page}");
        }
    }

    #[test]
    fn references_are_topics_by_any_of_their_names() {
        assert_eq!(references("see `conc explain asyncio`, conc explain gil."), ["event-loop", "gil"]);
        assert_eq!(references("conc explain TOPIC, conc explain --measure gil"), [""; 0]);
    }
}
