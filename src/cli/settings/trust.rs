//! What the user allows workload files to do: by options for one run, or in a file of their own for every run.
//!
//! The `conc.toml` of a suite says nothing about it: it comes with the workload files that are not trusted.

use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::diagnostics::Code;
use crate::host::bounded_read::read_file_at_most;
use crate::host::cache::config_file;
use crate::workload::input::{Access, InputError, InputErrors, SourceSpan};

use crate::cli::args::WorkloadArgs;

/// Name of the file in the user's directory for settings.
const FILE: &str = "conc.toml";

/// Longest file, in bytes.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// The contents of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct UserFile {
    /// True does what `--allow-read` does.
    allow_read: bool,
    /// True does what `--allow-write` does.
    allow_write: bool,
}

/// Returns what workload files may do outside their directories: what an option or the file of the user allows.
///
/// # Errors
/// When the file of the user cannot be read, or is wrong.
pub(super) fn access(args: &WorkloadArgs) -> Result<Access, InputErrors> {
    let file = config_file(FILE).map_or_else(|| Ok(UserFile::default()), |path| read(&path))?;
    Ok(Access { read: args.allow_read || file.allow_read, write: args.allow_write || file.allow_write })
}

fn read(path: &Path) -> Result<UserFile, InputErrors> {
    let name = path.display().to_string();
    let bytes = match read_file_at_most(path, MAX_FILE_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(UserFile::default()),
        Err(error) => {
            let message = format!("'{name}' cannot be read: {error}");
            return Err(InputError::new(Code::WorkloadNotFound, message).into());
        }
    };
    let text = String::from_utf8_lossy(&bytes);
    toml::from_str(&text).map_err(|error| {
        let place = error.span().map(|span| SourceSpan::new(name.into(), text.as_ref().into(), span));
        let help = Some("its keys are allow_read and allow_write, each true or false".to_owned());
        InputError { place, help, ..InputError::new(Code::WorkloadValue, error.message()) }.into()
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_that_is_not_there_allows_nothing_and_a_wrong_one_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        let allowed = |text: &str| {
            fs::write(&path, text).unwrap();
            read(&path).map(|file| (file.allow_read, file.allow_write)).map_err(|errors| errors.to_string())
        };
        assert_eq!(allowed("allow_write = true\n"), Ok((false, true)));
        assert_eq!(allowed(""), Ok((false, false)));
        let wrong = allowed("allow_writes = true\n").expect_err("misspelt");
        assert!(wrong.contains("conc.toml:1:1: unknown field `allow_writes`"), "{wrong}");
        fs::remove_file(&path).unwrap();
        assert!(read(&path).is_ok_and(|file| !file.allow_write));
    }
}
