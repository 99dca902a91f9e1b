//! The Python files of the harness, embedded in the binary.

use std::fs;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

/// The program that describes an interpreter; old interpreters can run it too.
pub(crate) const DISCOVER: &str = include_str!("harness/discover.py");

/// The name of the script that starts the harness.
const BOOTSTRAP_NAME: &str = "bootstrap.py";

const BOOTSTRAP: &str = include_str!("harness/bootstrap.py");

/// The name of the package, next to the script.
const PACKAGE_NAME: &str = "conc_harness";

/// The package; only its `.py` files are installed.
static PACKAGE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/python/harness/conc_harness");

/// What an interpreter says once nothing but the harness writes to its answers. `sitecustomize` and others may
/// have written before.
pub(crate) const GREETING: &str = "\u{1e}conc harness";

/// Reads until the harness has greeted, or the interpreter has ended.
pub(crate) fn skip_to_greeting(answers: &mut impl BufRead) {
    let (mut line, mut has_failed) = (Vec::new(), false);
    loop {
        match answers.read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) if line.trim_ascii_end() == GREETING.as_bytes() => return,
            Ok(_) => line.clear(),
            // An error that lasts is met, and told, by whoever reads next.
            Err(_) if has_failed => return,
            Err(_) => has_failed = true,
        }
    }
}

/// Writes the harness below `directory` and returns the script to give to an interpreter.
///
/// # Errors
/// If a file cannot be written.
pub(crate) fn install(directory: &Path) -> io::Result<PathBuf> {
    for (name, text) in modules(&PACKAGE) {
        let path = directory.join(PACKAGE_NAME).join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, text)?;
    }
    let script = directory.join(BOOTSTRAP_NAME);
    fs::write(&script, BOOTSTRAP)?;
    Ok(script)
}

/// Returns the path within the package and the text of every module in a directory and below it.
fn modules(directory: &Dir<'static>) -> Vec<(&'static Path, &'static [u8])> {
    let is_module = |path: &Path| path.extension().is_some_and(|extension| extension == "py");
    let own = directory.files().filter(|file| is_module(file.path()));
    let own = own.map(|file| (file.path(), file.contents()));
    own.chain(directory.dirs().flat_map(modules)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_before_the_greeting_is_skipped() {
        let mut answers = "hello\n\u{ff}no end\n\u{1e}conc harness\n{}\n".as_bytes();
        skip_to_greeting(&mut answers);
        assert_eq!(answers, b"{}\n");
        let mut silent = b"Traceback".as_slice();
        skip_to_greeting(&mut silent);
        assert!(silent.is_empty());
    }

    #[test]
    fn every_module_of_the_package_is_installed_and_nothing_else() {
        let root = tempfile::tempdir().expect("a temporary directory");
        install(root.path()).expect("installed");
        let below = |directory: &Path| {
            let mut found = Vec::new();
            for name in ["", "check"] {
                let entries = fs::read_dir(directory.join(name)).expect("a directory of the package");
                let paths = entries.map(|entry| entry.expect("an entry").path());
                let own = paths.filter(|path| path.extension().is_some_and(|extension| extension == "py"));
                found.extend(own.map(|path| path.strip_prefix(directory).expect("below").to_owned()));
            }
            found.sort();
            found
        };
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/python/harness").join(PACKAGE_NAME);
        let installed = below(&root.path().join(PACKAGE_NAME));
        assert_eq!(installed, below(&source));
        assert!(installed.len() > 30 && !installed.iter().any(|path| path.starts_with("tests")));
    }
}
