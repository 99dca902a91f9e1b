//! `conc man`: the man pages.

use std::fs;
use std::io;
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

use crate::cli::args::{Cli, ManArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::files::{cannot_write, write_file};
use crate::error::ExitStatus;
use crate::explain::man_page;
use crate::explain::topic::Topic;

/// The words before the table of exit statuses in a help text.
const STATUSES: &str = "Exit codes:";

/// A page: the command, and its name on the page.
struct Page {
    name: String,
    command: clap::Command,
}

/// Runs the command; without a directory one page goes to standard output.
pub(super) fn run(args: &ManArgs, console: Console) -> Result<ExitStatus, Failure> {
    let pages = pages();
    if let Some(directory) = &args.output {
        write_all(&pages, directory)?;
        return Ok(ExitStatus::Done);
    }
    let name = args.name.as_deref().map_or("conc".to_owned(), |command| format!("conc-{command}"));
    let of_command = pages.iter().find(|page| page.name == name);
    let text = match (of_command, args.name.as_deref().and_then(Topic::find)) {
        (Some(page), _) => page.render().map_err(Failure::io("cannot print"))?,
        (None, Some(topic)) => man_page::man_page(topic),
        (None, None) => return Err(unknown(&name, &pages)),
    };
    console.print(&text)?;
    Ok(ExitStatus::Done)
}

fn unknown(name: &str, pages: &[Page]) -> Failure {
    let known: Vec<&str> = pages.iter().filter_map(|page| page.name.strip_prefix("conc-")).collect();
    let command = name.trim_start_matches("conc-");
    let known = known.join(", ");
    Failure::Usage(format!(
        "'{command}' is neither a command nor a topic; the commands are {known}; `conc explain` lists the topics"
    ))
}

/// Returns the page of the program itself, and then those of its commands.
fn pages() -> Vec<Page> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let shown = root.get_subcommands().filter(|command| !command.is_hide_set()).cloned();
    let commands: Vec<Page> =
        shown.map(|command| Page { name: format!("conc-{}", command.get_name()), command }).collect();
    std::iter::once(Page { name: "conc".to_owned(), command: root }).chain(commands).collect()
}

/// Writes the pages of commands to `man1` and those of topics to `man7` in a directory.
fn write_all(pages: &[Page], directory: &Path) -> Result<(), Failure> {
    let [commands, topics] = ["man1", "man7"].map(|section| directory.join(section));
    for folder in [&commands, &topics] {
        fs::create_dir_all(folder).map_err(cannot_write(folder))?;
    }
    for page in pages {
        let path = commands.join(format!("{}.1", page.name));
        let text = page.render().map_err(cannot_write(&path))?;
        write_file(&path, text.as_bytes()).map_err(cannot_write(&path))?;
    }
    for (name, text) in man_page::man_pages() {
        let path = topics.join(name);
        write_file(&path, text.as_bytes()).map_err(cannot_write(&path))?;
    }
    Ok(())
}

impl Page {
    /// Returns the page in the language of `man`.
    fn render(&self) -> io::Result<String> {
        let source = concat!("conc ", env!("CARGO_PKG_VERSION"));
        // Without quotes, an empty date would give its place to the version.
        let man = Man::new(self.command.clone()).title(&self.name).date("\"\"").source(source).manual("conc");
        let mut text = Vec::new();
        man.render_title(&mut text)?;
        man.render_name_section(&mut text)?;
        man.render_synopsis_section(&mut text)?;
        man.render_description_section(&mut text)?;
        man.render_options_section(&mut text)?;
        if self.command.has_subcommands() {
            man.render_subcommands_section(&mut text)?;
        }
        let help = self.command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let (notes, statuses) = help.split_once(STATUSES).unwrap_or((&help, ""));
        let mut roff = Roff::default();
        section(&mut roff, "NOTES", notes);
        section(&mut roff, "EXIT STATUS", statuses);
        roff.extend([self.see_also(&help)]);
        roff.to_writer(&mut text)?;
        String::from_utf8(text).map(|text| man_page::ascii(&text)).map_err(io::Error::other)
    }

    /// Returns the section of other pages: that of the program, and of the topics that the help names.
    fn see_also(&self, help: &str) -> Roff {
        let mut topics = man_page::references(help);
        let own = self.name.strip_prefix("conc-").and_then(Topic::find).map(|topic| topic.name);
        topics.extend(own.filter(|own| !topics.contains(own)));
        let commands: &[&str] = if self.command.has_subcommands() { &[] } else { &["conc"] };
        man_page::see_also(commands, &topics)
    }
}

/// Adds a section: indented lines stay as they are, others are filled.
fn section(roff: &mut Roff, title: &str, text: &str) {
    if text.trim().is_empty() {
        return;
    }
    roff.control("SH", [title]);
    let mut is_filled = true;
    for line in text.trim_matches('\n').lines() {
        if line.starts_with(' ') == is_filled {
            roff.control(if is_filled { "nf" } else { "fi" }, []);
            is_filled = !is_filled;
        }
        if line.is_empty() {
            roff.control("PP", []);
        } else {
            roff.text([roman(line)]);
        }
    }
    if !is_filled {
        roff.control("fi", []);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_with_its_exit_statuses() {
        let pages = pages();
        assert_eq!(pages[0].name, "conc");
        assert!(pages.len() > 10, "{}", pages.len());
        for page in &pages {
            let text = page.render().expect("a page");
            assert!(text.contains(".SH NAME\n"), "{text}");
            assert!(text.contains(".SH \"EXIT STATUS\"\n"), "{}: {text}", page.name);
            assert!(!text.contains("simulate") && !text.contains("progress\\-lines"), "hidden: {text}");
        }
    }

    #[test]
    fn a_directory_gets_the_pages_of_commands_and_topics() {
        let directory = tempfile::tempdir().expect("a directory");
        let inside = directory.path().join("man");
        let pages = pages();
        write_all(&pages, &inside).expect("written");
        assert_eq!(fs::read_dir(inside.join("man1")).expect("a directory").count(), pages.len());
        for page in ["man1/conc.1", "man1/conc-advise.1", "man7/conc-semaphore.7", "man7/conc-asyncio.7"] {
            assert!(inside.join(page).is_file(), "{page}");
        }
    }

    #[test]
    fn a_page_names_the_topics_that_belong_to_it() {
        let pages = pages();
        let text =
            |name: &str| pages.iter().find(|page| page.name == name).expect("a page").render().expect("text");
        assert!(text("conc-fit").contains("\n.SH \"SEE ALSO\"\n"), "{}", text("conc-fit"));
        assert!(text("conc-fit").contains("\\fBconc\\-fit\\fR(7)"));
    }
}
