//! Pages as text of a given width, for a terminal or a pipe.

use anstyle::{AnsiColor, Style};
use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use textwrap::{WordSeparator, WordSplitter, WrapAlgorithm};

use crate::explain::markdown::{Block, Mark, Span, parse, unmarked};

/// Indent of text below a heading, in columns.
const INDENT: usize = 2;

/// Columns between the indent of text and that of program text.
const CODE_INDENT: usize = 2;

/// Columns between a label and the start of its text.
const LABEL: usize = 11;

/// Width below which nothing can be laid out sensibly, in columns.
const MIN_WIDTH: usize = 40;

/// The layout of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PageLayout {
    /// Columns of the terminal; fewer than 40 count as 40.
    pub width: usize,
    /// True to style headings, names and commands with escape sequences.
    pub is_styled: bool,
}

impl PageLayout {
    fn columns(self) -> usize {
        self.width.max(MIN_WIDTH)
    }

    /// Returns `text` in `style`, if this layout uses styles.
    fn paint(self, style: Style, text: &str) -> String {
        if self.is_styled && !text.is_empty() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// Returns `text` as a heading.
    pub(crate) fn heading(self, text: &str) -> String {
        self.paint(Style::new().bold(), text)
    }

    /// Returns `spans` as one line; without styles, backticks mark literal text.
    fn inline(self, spans: &[Span]) -> String {
        let mark = |span: &Span| match span.mark {
            Mark::Plain => span.text.clone(),
            Mark::Strong => self.paint(Style::new().bold(), &span.text),
            Mark::Code if self.is_styled => self.paint(AnsiColor::Cyan.on_default(), &span.text),
            Mark::Code => format!("`{}`", span.text),
        };
        spans.iter().map(mark).collect()
    }

    /// Returns `text` with its marks: backticks become a style, if this layout uses styles.
    pub(super) fn marked(self, text: &str) -> String {
        match parse(text).first() {
            Some(Block::Paragraph(spans)) => self.inline(spans),
            _ => text.to_owned(),
        }
    }

    /// Returns the lines of a program, indented.
    pub(super) fn program(self, lines: &str) -> String {
        self.block(&Block::Code(String::new(), lines.to_owned()))
    }

    /// Returns `text` in lines that start with `first`, and with `rest` from the second one on.
    pub(super) fn wrapped(self, text: &str, first: &str, rest: &str) -> String {
        let options = textwrap::Options::new(self.columns())
            .initial_indent(first)
            .subsequent_indent(rest)
            .word_separator(WordSeparator::AsciiSpace)
            .word_splitter(WordSplitter::NoHyphenation)
            .wrap_algorithm(WrapAlgorithm::FirstFit);
        textwrap::fill(text, options) + "\n"
    }

    /// Returns `label`, then `text` in lines that are indented beyond the label.
    pub(super) fn labelled(self, label: &str, text: &str) -> String {
        self.wrapped(text, &format!("{label:LABEL$}"), &" ".repeat(LABEL))
    }

    /// Lays out a page.
    pub(super) fn blocks(self, blocks: &[Block]) -> String {
        let mut page = String::new();
        let mut before: Option<&Block> = None;
        for block in blocks {
            if needs_gap(before, block) {
                page.push('\n');
            }
            page += &self.block(block);
            before = Some(block);
        }
        page
    }

    fn block(self, block: &Block) -> String {
        let indent = " ".repeat(INDENT);
        match block {
            Block::Heading(_, spans) => self.wrapped(&self.heading(&unmarked(spans)), "", ""),
            Block::Paragraph(spans) => self.wrapped(&self.inline(spans), &indent, &indent),
            Block::Item(depth, marker, spans) => {
                let column = INDENT + depth * 3;
                let first = format!("{:column$}{marker} ", "");
                self.wrapped(&self.inline(spans), &first, &" ".repeat(first.len()))
            }
            Block::Code(_, lines) => {
                let column = INDENT + CODE_INDENT;
                lines
                    .lines()
                    .map(|line| format!("{:column$}{line}", "").trim_end().to_owned() + "\n")
                    .collect()
            }
            Block::Table(rows) => self.table(rows),
        }
    }

    fn table(self, rows: &[Vec<Vec<Span>>]) -> String {
        let mut table = Table::new();
        table
            .load_style(NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(self.columns() - INDENT).unwrap_or(u16::MAX));
        for row in rows {
            table.add_row(row.iter().map(|cell| unmarked(cell)));
        }
        let head = |i: usize, line: &str| if i == 0 { self.heading(line) } else { line.to_owned() };
        let lines = table
            .lines()
            .enumerate()
            .map(|(i, line)| format!("{:1$}{2}\n", "", INDENT - 1, head(i, line.trim_end())));
        lines.collect()
    }
}

/// Returns true if a blank line separates a block from the one before it.
fn needs_gap(before: Option<&Block>, block: &Block) -> bool {
    match (before, block) {
        (None, _) | (Some(Block::Item(..)), Block::Item(..)) => false,
        (Some(Block::Heading(level, _)), _) => *level == 1,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::topic::TOPICS;

    fn plain(width: usize) -> PageLayout {
        PageLayout { width, is_styled: false }
    }

    #[test]
    fn text_of_every_topic_fits_the_width() {
        for topic in TOPICS {
            for width in [60, 80, 120] {
                for block in parse(&topic.page()) {
                    if matches!(block, Block::Code(..) | Block::Table(_)) {
                        continue;
                    }
                    let text = plain(width).blocks(std::slice::from_ref(&block));
                    let widest = text.lines().map(textwrap::core::display_width).max();
                    assert!(widest <= Some(width), "{} at {width}: {text}", topic.name);
                }
            }
        }
    }

    #[test]
    fn program_text_of_every_topic_fits_a_usual_terminal() {
        for topic in TOPICS {
            for block in parse(&topic.page()) {
                let text = plain(100).blocks(&[block]);
                let widest = text.lines().map(textwrap::core::display_width).max();
                assert!(widest <= Some(100), "{}: {text}", topic.name);
            }
        }
    }

    #[test]
    fn a_page_is_indented_below_its_headings() {
        let page = "# Title\n\nSome `code` here.\n\n## Part\n\n- one\n- two\n\n```sh\nconc list\n```\n";
        insta::assert_snapshot!(plain(60).blocks(&parse(page)), @r"
        Title

          Some `code` here.

        Part
          - one
          - two

            conc list
        ");
    }

    #[test]
    fn styles_take_no_columns() {
        let blocks = parse("one `two` **three** four five six seven eight nine ten eleven twelve");
        let styled = PageLayout { width: 40, is_styled: true }.blocks(&blocks);
        assert!(styled.contains('\u{1b}'));
        assert!(styled.lines().all(|line| textwrap::core::display_width(line) <= 40), "{styled}");
    }
}
