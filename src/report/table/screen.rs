//! The text as it grows: lines, labels with hanging indent, blank lines, colour.

use anstyle::{AnsiColor, Style};

use crate::report::table::options::TableOptions;
use crate::report::text::{width, wrap};

/// Columns from the start of a label to its text.
const LABEL: usize = 11;

/// Width below which nothing can be laid out sensibly, in columns.
const NARROWEST: usize = 40;

/// The role of a piece of text, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A name or a heading.
    Heading,
    /// The label in front of a text.
    Label,
    /// The recommendation.
    Chosen,
    /// A failure or an omission.
    Trouble,
    /// Text in the background.
    Faint,
}

impl Role {
    fn style(self) -> Style {
        match self {
            Role::Heading => Style::new().bold(),
            Role::Label => AnsiColor::Cyan.on_default(),
            Role::Chosen => AnsiColor::Green.on_default().bold(),
            Role::Trouble => AnsiColor::Yellow.on_default(),
            Role::Faint => Style::new().dimmed(),
        }
    }
}

/// Output under construction.
pub(super) struct Screen {
    text: String,
    options: TableOptions,
}

impl Screen {
    pub(super) fn new(options: TableOptions) -> Self {
        Screen { text: String::new(), options }
    }

    /// Returns the number of columns.
    pub(super) fn width(&self) -> usize {
        self.options.width.max(NARROWEST)
    }

    pub(super) fn options(&self) -> &TableOptions {
        &self.options
    }

    /// Adds one line that is known to fit.
    pub(super) fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Adds one line of one role.
    pub(super) fn styled_line(&mut self, role: Role, line: &str) {
        let line = self.paint(role, line.trim_end());
        self.line(&line);
    }

    /// Adds text, wrapped into lines.
    pub(super) fn paragraph(&mut self, role: Role, text: &str) {
        for line in wrap(text, self.width()) {
            self.styled_line(role, &line);
        }
    }

    /// Adds `label` after `indent` columns, then `text`, whose further lines are indented to the first one.
    pub(super) fn labelled(&mut self, indent: usize, label: &str, text: &str) {
        let column = indent + LABEL;
        let padding = " ".repeat(LABEL.saturating_sub(width(label)).max(1));
        let lead = format!("{:indent$}{}{padding}", "", self.paint(Role::Label, label));
        for (i, line) in wrap(text, self.width() - column).iter().enumerate() {
            let line = if i == 0 { format!("{lead}{line}") } else { format!("{:column$}{line}", "") };
            self.line(&line);
        }
    }

    /// Adds a blank line, unless there is one already or nothing is above it.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Adds text unchanged.
    pub(super) fn verbatim(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Returns the text, without a blank line at its end.
    pub(super) fn finish(mut self) -> String {
        while self.text.ends_with("\n\n") {
            self.text.pop();
        }
        self.text
    }

    /// Returns text in the colour of its role, if colour is on.
    pub(super) fn paint(&self, role: Role, text: &str) -> String {
        if self.options.colour && !text.is_empty() {
            let style = role.style();
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }
}
