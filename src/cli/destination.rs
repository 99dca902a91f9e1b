//! Where results go, and in which format.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cli::args::{OutputArgs, ViewArgs};
use crate::cli::failure::Failure;

/// What is written, and where.
pub(crate) type Files = Vec<(Format, PathBuf)>;

/// A way of writing results down for other programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// The JSON document.
    Json,
    /// A table in Markdown.
    Markdown,
    /// A table as CSV.
    Csv,
    /// The JSON of hyperfine.
    Hyperfine,
    /// Bencher Metric Format.
    Bmf,
    /// github-action-benchmark, of what is better when there is more of it.
    GabBigger,
    /// The same of what is better when there is less of it.
    GabSmaller,
    /// JUnit XML.
    Junit,
    /// A page with plots.
    Html,
}

/// The files that the arguments name; `-` is standard output.
pub(crate) fn destinations(args: &OutputArgs) -> Result<Files, Failure> {
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

/// The files that the arguments of every command name; `-` is standard output.
pub(crate) fn view_destinations(args: &ViewArgs) -> Files {
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

/// What goes to standard output, with `json` the document, and what to files.
pub(crate) fn split(json: bool, exports: Files) -> Result<(Option<Format>, Files), Failure> {
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

/// The path with `suffix` behind the stem of the file's name.
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
