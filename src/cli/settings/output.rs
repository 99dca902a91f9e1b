//! Settings of the output: where results go, and in which format.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::report::format::Format;
use crate::report::table::{CodeChoice, TableOptions};

use crate::cli::args::{Language, OutputArgs, ViewArgs};
use crate::cli::console::Console;
use crate::cli::failure::Failure;
use crate::cli::files::check_writable;
use crate::cli::settings::environment::Environment;

/// Settings of the output of one command.
#[derive(Debug, Clone)]
pub(crate) struct OutputSettings {
    /// The streams.
    pub(crate) console: Console,
    /// The format of standard output; `None` is the table.
    pub(crate) stdout: Option<Format>,
    /// The files to write.
    pub(crate) files: Files,
    /// The look of the table.
    pub(crate) table: TableOptions,
}

impl OutputSettings {
    /// Resolves the output of a command that measures configurations.
    ///
    /// # Errors
    /// When two formats are to go to the same place.
    pub(crate) fn resolve(
        args: &OutputArgs,
        language: Language,
        environment: &Environment,
    ) -> Result<Self, Failure> {
        resolved(&args.view, destinations(args)?, language, environment)
    }

    /// Resolves the output of a command that measures no configurations.
    ///
    /// # Errors
    /// When two formats are to go to the same place.
    pub(crate) fn resolve_view(args: &ViewArgs, environment: &Environment) -> Result<Self, Failure> {
        resolved(args, view_destinations(args), Language::None, environment)
    }

    /// Checks that the files can be written, before a run whose results would be lost.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        self.files.iter().try_for_each(|(_, path)| check_writable(path))
    }
}

fn resolved(
    args: &ViewArgs,
    exports: Files,
    language: Language,
    environment: &Environment,
) -> Result<OutputSettings, Failure> {
    let code = match language {
        Language::Rust => CodeChoice::Rust,
        Language::Python => CodeChoice::Python,
        Language::Shell => CodeChoice::Shell,
        Language::None => CodeChoice::None,
    };
    let (stdout, files) = split(args.json, exports)?;
    let table = TableOptions { verbose: args.verbose, code, ..environment.table() };
    Ok(OutputSettings { console: environment.console, stdout, files, table })
}

/// The files to write.
pub(crate) type Files = Vec<(Format, PathBuf)>;

/// Returns the files that the arguments name; `-` is standard output.
fn destinations(args: &OutputArgs) -> Result<Files, Failure> {
    let mut files = view_destinations(&args.view);
    let exports = [
        (Format::Hyperfine, &args.export_hyperfine),
        (Format::Bmf, &args.export_bmf),
        (Format::Junit, &args.export_junit),
        (Format::Html, &args.export_html),
    ];
    files.extend(named(exports));
    if let Some(path) = &args.export_gab {
        if is_stdout(path) {
            let message = "--export-gab: it writes two files, which standard output cannot take";
            return Err(Failure::Usage(message.to_owned()));
        }
        if path.file_name().is_none() {
            return Err(Failure::Usage(format!(
                "--export-gab: '{}' is not the name of a file",
                path.display()
            )));
        }
        files.push((Format::GabBigger, suffixed(path, "-bigger")));
        files.push((Format::GabSmaller, suffixed(path, "-smaller")));
    }
    Ok(files)
}

/// Returns the files that the arguments of every command name; `-` is standard output.
fn view_destinations(args: &ViewArgs) -> Files {
    let exports = [
        (Format::Json, &args.export_json),
        (Format::Markdown, &args.export_markdown),
        (Format::Csv, &args.export_csv),
    ];
    named(exports).collect()
}

fn named<'a>(
    exports: impl IntoIterator<Item = (Format, &'a Option<PathBuf>)>,
) -> impl Iterator<Item = (Format, PathBuf)> {
    exports.into_iter().filter_map(|(format, path)| Some((format, path.clone()?)))
}

/// Separates the format for standard output from the files; `json` asks for the document there.
fn split(json: bool, exports: Files) -> Result<(Option<Format>, Files), Failure> {
    let mut stdout = json.then_some(Format::Json);
    let mut files = Files::new();
    for (format, path) in exports {
        if files.iter().any(|(_, other)| *other == path) {
            let message = format!("only one format can go to the file '{}'", path.display());
            return Err(Failure::Usage(message));
        }
        if !is_stdout(&path) {
            files.push((format, path));
        } else if stdout.replace(format).is_some_and(|other| other != format) {
            return Err(Failure::Usage("only one format can go to standard output".to_owned()));
        }
    }
    Ok((stdout, files))
}

fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Returns the path with `suffix` after the stem of the file name.
fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.file_stem().unwrap_or_default());
    name.push(suffix);
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_goes_before_the_extension() {
        let names =
            [("gab.json", "gab-bigger.json"), ("out/a.b.json", "out/a.b-bigger.json"), ("gab", "gab-bigger")];
        for (path, expected) in names {
            assert_eq!(suffixed(Path::new(path), "-bigger"), PathBuf::from(expected));
        }
    }

    #[test]
    fn standard_output_and_every_file_take_one_format() {
        let to = |format, path| (format, PathBuf::from(path));
        let (stdout, files) = split(false, vec![to(Format::Csv, "-"), to(Format::Json, "a")]).unwrap();
        assert_eq!((stdout, files), (Some(Format::Csv), vec![to(Format::Json, "a")]));
        assert!(split(true, vec![to(Format::Json, "-")]).is_ok(), "the same format twice is no conflict");
        assert!(split(true, vec![to(Format::Csv, "-")]).is_err());
        assert!(split(false, vec![to(Format::Csv, "a"), to(Format::Json, "a")]).is_err());
    }
}
