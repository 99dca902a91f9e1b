//! Finds programs as a shell would, to say at once that one does not exist.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::diagnostics::Code;
use crate::workload::input::input_error::InputError;
use crate::workload::input::suggest::closest;
use crate::workload::template::PLACEHOLDER;

/// Checks that `program` can be run: a path as it is, a bare name on the `PATH`.
///
/// A program that depends on the item is left to be found when it runs.
///
/// # Errors
///
/// `E-WORKLOAD-009` if it does not exist or may not be executed.
pub(super) fn check(program: &str) -> Result<(), InputError> {
    // So is one that depends on a listed parameter.
    let is_listed = program.contains('{') && program.contains('}');
    if program.contains(PLACEHOLDER) || is_listed {
        return Ok(());
    }
    if program.is_empty() {
        return Err(cannot_run("the name of the program is empty".to_owned()));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    check_on(program, &env::split_paths(&path).collect::<Vec<_>>())
}

/// Returns true if `program` is a program on the `PATH`, or the path of one.
pub(crate) fn is_program(program: &str) -> bool {
    !program.is_empty() && check(program).is_ok()
}

/// Finds the file that `program` names, as [`check`] does.
///
/// # Errors
///
/// `E-WORKLOAD-009` if it does not exist or may not be executed.
pub(crate) fn find_program(program: &str) -> Result<PathBuf, InputError> {
    check(program)?;
    if program.contains('/') {
        return Ok(program.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let found =
        env::split_paths(&path).map(|directory| directory.join(program)).find(|file| is_executable(file));
    Ok(found.unwrap_or_else(|| program.into()))
}

fn check_on(program: &str, directories: &[PathBuf]) -> Result<(), InputError> {
    if program.contains('/') {
        return match fs::metadata(program) {
            Err(error) => Err(cannot_run(format!("'{program}' cannot be run: {error}"))),
            Ok(_) if !is_executable(Path::new(program)) => {
                Err(cannot_run(format!("'{program}' is not an executable file")))
            }
            Ok(_) => Ok(()),
        };
    }
    if directories.iter().any(|directory| is_executable(&directory.join(program))) {
        return Ok(());
    }
    let error = cannot_run(format!("there is no program '{program}' on the PATH"));
    if program.contains(char::is_whitespace) {
        return Err(error.with_help("give the program and its arguments as separate words, or use a shell"));
    }
    Err(match similar(program, directories) {
        Some(name) => error.with_help(format!("did you mean '{name}'?")),
        None => error,
    })
}

fn cannot_run(message: String) -> InputError {
    InputError::new(Code::WorkloadCommand, message)
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// Shortest name that may be a typing error, in letters: one edit makes most names of two out of any other.
const MIN_MISSPELT_LETTERS: usize = 3;

/// Returns the program on the path whose name is closest to `program`.
fn similar(program: &str, directories: &[PathBuf]) -> Option<String> {
    if program.chars().count() < MIN_MISSPELT_LETTERS {
        return None;
    }
    let names: Vec<_> = directories
        .iter()
        .filter_map(|directory| fs::read_dir(directory).ok())
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    closest(program, names.iter().map(String::as_str)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory_with(name: &str, mode: u32) -> tempfile::TempDir {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join(name);
        fs::write(&path, "").expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("permissions set");
        directory
    }

    fn check_in(directory: &tempfile::TempDir, program: &str) -> Result<(), InputError> {
        check_on(program, &[directory.path().to_owned()])
    }

    #[test]
    fn a_program_on_the_path_is_found() {
        assert_eq!(check_in(&directory_with("thumbnail", 0o755), "thumbnail"), Ok(()));
    }

    #[test]
    fn a_misspelt_program_is_named_with_the_one_that_was_meant() {
        let error = check_in(&directory_with("thumbnail", 0o755), "thumbnial").expect_err("misspelt");
        assert_eq!(error.code, Code::WorkloadCommand);
        assert_eq!(
            error.to_string(),
            "there is no program 'thumbnial' on the PATH; did you mean 'thumbnail'?"
        );
    }

    #[test]
    fn a_name_of_two_letters_is_no_typing_error() {
        for short in ["x", "lz"] {
            let error = check_in(&directory_with("ls", 0o755), short).expect_err("unknown");
            assert!(error.to_string().ends_with("on the PATH"), "{error}");
        }
    }

    #[test]
    fn a_whole_line_in_one_argument_is_recognised() {
        for line in ["thumbnail a.png b.png", "thumbnail 1"] {
            let error = check_in(&directory_with("thumbnail", 0o755), line).expect_err("a line");
            assert!(error.to_string().ends_with("or use a shell"), "{error}");
        }
    }

    #[test]
    fn a_name_that_is_empty_is_none() {
        let error = check("").expect_err("no name");
        assert_eq!(error.to_string(), "the name of the program is empty");
    }

    #[test]
    fn a_file_that_may_not_be_executed_is_no_program() {
        let directory = directory_with("thumbnail", 0o644);
        assert!(check_in(&directory, "thumbnail").is_err());
        let path = directory.path().join("thumbnail");
        let error =
            check_in(&directory, path.to_str().expect("a path in UTF-8")).expect_err("not executable");
        assert!(error.to_string().ends_with("is not an executable file"), "{error}");
    }

    #[test]
    fn a_path_that_does_not_exist_says_so() {
        assert_eq!(check("./no/such/{item}"), Ok(()));
        let error = check("./no/such/program").expect_err("not there");
        assert!(error.to_string().starts_with("'./no/such/program' cannot be run: "), "{error}");
    }
}
