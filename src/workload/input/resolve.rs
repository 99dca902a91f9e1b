//! Finds the workload that a word on the command line means.

use std::ffi::OsStr;
use std::path::{Path, is_separator};

use crate::diagnostics::Code;
use crate::workload::input::access::Access;
use crate::workload::input::callable::{from_callable, is_callable};
use crate::workload::input::executable::is_program;
use crate::workload::input::file::read_file;
use crate::workload::input::input_error::{InputError, InputErrors};
use crate::workload::input::sample::{load, samples};
use crate::workload::input::script::callables_of;
use crate::workload::input::suggest::closest;
use crate::workload::spec::Workload;

/// Reads the workload called `name`: a sample, a Python callable, else a file if it looks like the path
/// of one.
///
/// # Errors
///
/// `E-WORKLOAD-007` if there is no such workload, else everything that is wrong in the file.
pub fn resolve(name: &str) -> Result<Workload, InputErrors> {
    resolve_os(name.as_ref(), Access::default())
}

/// Does the same for a word in any encoding, with what a file may do outside its directory. A word that is not UTF-8
/// can only be the path of a file.
///
/// # Errors
///
/// The same.
pub(crate) fn resolve_os(name: &OsStr, access: Access) -> Result<Workload, InputErrors> {
    let Some(name) = name.to_str() else { return read_file(Path::new(name), access) };
    if let Some(workload) = load(name) {
        return Ok(workload);
    }
    if is_callable(name) {
        return Ok(from_callable(name)?);
    }
    let path = Path::new(name);
    if path.exists() && looks_like_a_path(name) && !is_command(name) {
        return read_file(path, access);
    }
    Err(not_found(name).into())
}

/// Returns true if `name` is a program and not a workload file that happens to be executable.
fn is_command(name: &str) -> bool {
    !name.ends_with(".toml") && is_program(name)
}

fn looks_like_a_path(name: &str) -> bool {
    name.contains(is_separator) || name.ends_with(".toml")
}

fn not_found(name: &str) -> InputError {
    let stem = name.strip_suffix(".toml").unwrap_or(name);
    let file = format!("{name}.toml");
    let sample = closest(stem, samples().iter().map(|sample| sample.name));
    let help = if let Some(sample) = sample.filter(|_| !is_command(name)) {
        format!("did you mean the sample '{sample}'?")
    } else if name.trim_end_matches(':').ends_with(".py") {
        let script = name.trim_end_matches(':');
        let callable = callables_of(script).into_iter().next();
        format!("name a callable of it, as in {}", callable.unwrap_or_else(|| format!("{script}:fetch")))
    } else if Path::new(&file).is_file() {
        format!("did you mean the file '{file}'?")
    } else if is_command(name) {
        format!("'{name}' is a program: put -- before a command, as in `conc advise -- {name} ...`")
    } else {
        "see `conc list` for the samples, or give the path of a TOML file".to_owned()
    };
    let what = if looks_like_a_path(name) { "there is no workload file" } else { "there is no workload" };
    InputError::new(Code::WorkloadNotFound, format!("{what} '{name}'")).with_help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(name: &str) -> InputError {
        resolve(name).expect_err("no such workload").first().clone()
    }

    #[test]
    fn a_sample_is_found_by_name() {
        assert_eq!(resolve("sleep-io").map(|w| w.name).as_deref(), Ok("sleep-io"));
    }

    #[test]
    fn a_misspelt_sample_is_named_with_the_one_that_was_meant() {
        let error = refused("web-scrapper");
        assert_eq!(error.code, Code::WorkloadNotFound);
        assert_eq!(
            error.to_string(),
            "there is no workload 'web-scrapper'; did you mean the sample 'web-scraper'?"
        );
        assert!(refused("nothing like it").to_string().contains("`conc list`"));
        assert!(refused("").to_string().contains("`conc list`"));
        for name in ["tasks.py", "tasks.py:"] {
            assert!(refused(name).to_string().contains("as in tasks.py:fetch"), "{}", refused(name));
        }
    }

    #[test]
    fn a_program_is_no_workload_without_dashes_before_it() {
        for name in ["sleep", "sh", "/bin/sh"] {
            let error = refused(name).to_string();
            assert!(error.contains(&format!("`conc advise -- {name} ...`")), "{error}");
        }
    }

    #[test]
    fn a_file_is_read_by_path() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("job.toml");
        std::fs::write(&path, "tasks = 2\n[[step]]\nkind = 'sleep'\nfor = '1ms'").expect("written");
        let workload = resolve(path.to_str().expect("a path in UTF-8")).expect("a valid workload");
        assert_eq!((workload.name.as_str(), workload.tasks()), ("job", 2));
    }

    #[test]
    fn a_file_that_is_not_there_is_named() {
        let error = refused("no/such/file.toml");
        assert_eq!(error.code, Code::WorkloadNotFound);
        assert!(error.to_string().starts_with("there is no workload file 'no/such/file.toml'"), "{error}");
        assert!(refused("sleep-oi.toml").to_string().contains("the sample 'sleep-io'"));
    }

    #[test]
    fn a_python_callable_is_one_step() {
        let workload = resolve("package.module:fetch").expect("a workload");
        assert!(workload.runs_python() && workload.steps.len() == 1);
        assert_eq!(refused("no/such.py:fetch").code, Code::WorkloadNotFound);
        assert_eq!(refused("http://example.com").code, Code::WorkloadNotFound);
    }
}
