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
    let name = args.command.as_deref().map_or("conc".to_owned(), |command| format!("conc-{command}"));
    let page = pages.iter().find(|page| page.name == name).ok_or_else(|| unknown(&name, &pages))?;
    console.print(&page.render().map_err(Failure::io("cannot print"))?)?;
    Ok(ExitStatus::Done)
}

fn unknown(name: &str, pages: &[Page]) -> Failure {
    let known: Vec<&str> = pages.iter().filter_map(|page| page.name.strip_prefix("conc-")).collect();
    let command = name.trim_start_matches("conc-");
    Failure::Usage(format!("'{command}' is not a command; the commands are {}", known.join(", ")))
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

fn write_all(pages: &[Page], directory: &Path) -> Result<(), Failure> {
    fs::create_dir_all(directory).map_err(cannot_write(directory))?;
    for page in pages {
        let path = directory.join(format!("{}.1", page.name));
        let text = page.render().map_err(cannot_write(&path))?;
        write_file(&path, text.as_bytes()).map_err(cannot_write(&path))?;
    }
    Ok(())
}

impl Page {
    /// Returns the page in the language of `man`.
    fn render(&self) -> io::Result<String> {
        let source = concat!("conc ", env!("CARGO_PKG_VERSION"));
        let man = Man::new(self.command.clone()).title(&self.name).source(source).manual("conc");
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
        roff.to_writer(&mut text)?;
        String::from_utf8(text).map_err(io::Error::other)
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
    fn a_directory_gets_all_pages() {
        let directory = tempfile::tempdir().expect("a directory");
        let inside = directory.path().join("man1");
        let pages = pages();
        write_all(&pages, &inside).expect("written");
        assert_eq!(fs::read_dir(&inside).expect("a directory").count(), pages.len());
        assert!(inside.join("conc-advise.1").is_file() && inside.join("conc.1").is_file());
    }
}
