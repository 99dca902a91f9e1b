//! The subset of Markdown that topics use, as blocks of text.

use std::mem;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    /// A heading of a level from 1 to 6.
    Heading(u8, Vec<Span>),
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// An entry of a list: how deep the list is nested, from 0; its bullet or number; its text.
    Item(usize, String, Vec<Span>),
    /// Program text: its language and its lines.
    Code(String, String),
    /// A table: rows of cells, the heading first.
    Table(Vec<Vec<Vec<Span>>>),
}

/// A piece of text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// The text, with single spaces for line breaks.
    pub text: String,
    /// The mark of the text.
    pub mark: Mark,
}

/// The mark of a piece of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// No mark.
    Plain,
    /// Text to type or to read literally.
    Code,
    /// Important text.
    Strong,
}

/// Returns the text of `spans` without marks.
pub(crate) fn unmarked(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

/// Reads a page.
pub(crate) fn parse(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        reader.event(event);
    }
    reader.blocks
}

/// The blocks so far, and the block that is being read.
#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    spans: Vec<Span>,
    mark: Option<Mark>,
    /// The next number of each open list; `None` for bullets.
    lists: Vec<Option<u64>>,
    /// The bullet or number of an item whose text has not been read yet.
    marker: Option<String>,
    /// The address of an open link.
    link: String,
    code: Option<(String, String)>,
    rows: Vec<Vec<Vec<Span>>>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((_, lines)) => lines.push_str(&text),
                None => self.push(&text, self.mark.unwrap_or(Mark::Plain)),
            },
            Event::Code(text) => self.push(&text, Mark::Code),
            Event::SoftBreak | Event::HardBreak => self.push(" ", Mark::Plain),
            _ => {}
        }
    }

    fn push(&mut self, text: &str, mark: Mark) {
        self.spans.push(Span { text: text.to_owned(), mark });
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::List(first) => {
                self.finish_text();
                self.lists.push(first);
            }
            Tag::Item => {
                self.marker = Some(match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "-".to_owned(),
                });
            }
            Tag::CodeBlock(kind) => {
                self.finish_text();
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.to_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::TableHead | Tag::TableRow => self.rows.push(Vec::new()),
            Tag::Strong | Tag::Emphasis => self.mark = Some(Mark::Strong),
            Tag::Link { dest_url, .. } => self.link = dest_url.to_string(),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => {
                let spans = mem::take(&mut self.spans);
                self.blocks.push(Block::Heading(level as u8, spans));
            }
            TagEnd::Paragraph | TagEnd::Item => self.finish_text(),
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::CodeBlock => {
                let code = self.code.take().map(|(language, lines)| Block::Code(language, lines));
                self.blocks.extend(code);
            }
            TagEnd::TableCell => {
                let cell = mem::take(&mut self.spans);
                self.rows.last_mut().expect("a cell is in a row").push(cell);
            }
            TagEnd::Table => self.blocks.push(Block::Table(mem::take(&mut self.rows))),
            TagEnd::Strong | TagEnd::Emphasis => self.mark = None,
            TagEnd::Link => self.finish_link(),
            _ => {}
        }
    }

    /// Ends a paragraph, or the text of an item.
    fn finish_text(&mut self) {
        let spans = mem::take(&mut self.spans);
        if spans.is_empty() {
            return;
        }
        self.blocks.push(match self.lists.len().checked_sub(1) {
            Some(depth) => Block::Item(depth, self.marker.take().unwrap_or_default(), spans),
            None => Block::Paragraph(spans),
        });
    }

    /// Adds the address of a link, unless its text shows it.
    fn finish_link(&mut self) {
        let address = mem::take(&mut self.link);
        if !unmarked(&self.spans).ends_with(&address) {
            self.push(&format!(" ({address})"), Mark::Plain);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<Span> {
        vec![Span { text: text.to_owned(), mark: Mark::Plain }]
    }

    #[test]
    fn lists_keep_their_numbers_and_their_depth() {
        let blocks = parse("1. one\n   - in one\n2. two\n");
        assert_eq!(
            blocks,
            [
                Block::Item(0, "1.".to_owned(), plain("one")),
                Block::Item(1, "-".to_owned(), plain("in one")),
                Block::Item(0, "2.".to_owned(), plain("two")),
            ]
        );
    }

    #[test]
    fn code_and_tables_keep_their_text() {
        let blocks = parse("```sh\na  b\nc\n```\n\n| x | y |\n|---|---|\n| `1` | 2 |\n");
        assert_eq!(blocks[0], Block::Code("sh".to_owned(), "a  b\nc\n".to_owned()));
        let code = Span { text: "1".to_owned(), mark: Mark::Code };
        assert_eq!(blocks[1], Block::Table(vec![vec![plain("x"), plain("y")], vec![vec![code], plain("2")]]));
    }

    #[test]
    fn a_link_shows_its_address_once() {
        let text = |source| match &parse(source)[0] {
            Block::Paragraph(spans) => unmarked(spans),
            other => panic!("{other:?}"),
        };
        assert_eq!(text("see [the law](http://x.org)"), "see the law (http://x.org)");
        assert_eq!(text("see <http://x.org>"), "see http://x.org");
    }
}
