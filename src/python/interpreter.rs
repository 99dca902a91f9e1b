//! Finds the interpreter and checks that conc can use it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Reexec;
use crate::host::child::{Allowance, Pending};
use crate::host::deadline::DeadlineKeeper;
use crate::python::harness::DISCOVER;
use crate::strategy::StrategyKind;

/// The oldest supported version; `harness/pyproject.toml` has the same.
const MIN_VERSION: [u32; 2] = [3, 9];

/// Time for an interpreter to describe itself.
const DISCOVERY_LIMIT: Duration = Duration::from_secs(20);

/// Comes before the description; `discover.py` has the same.
const MARK: &str = "\u{1e}conc ";

/// A CPython interpreter that conc can use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// The executable itself, not a shim that finds it.
    pub executable: PathBuf,
    /// `sys.version`, on one line.
    pub version: String,
    /// True if the global lock (GIL) lets only one thread compute at a time; false on a free-threaded build.
    pub has_gil: bool,
    /// The default start method of `multiprocessing`, such as `fork`.
    pub start_method: String,
    /// The strategies that this interpreter supports and not every interpreter does.
    pub offers: Vec<StrategyKind>,
}

/// The description that `discover.py` prints.
#[derive(Debug, Deserialize)]
struct Description {
    executable: PathBuf,
    version: String,
    full_version: String,
    minor: [u32; 2],
    implementation: String,
    #[serde(default)]
    start_method: String,
    #[serde(default)]
    offers: Vec<StrategyKind>,
    #[serde(default = "yes")]
    gil: bool,
}

fn yes() -> bool {
    true
}

impl Interpreter {
    /// Finds the interpreter at `path`, else that of the active virtual environment, else `python3`.
    ///
    /// # Errors
    /// If it does not run, or is not a CPython of a supported version.
    pub fn discover(path: Option<&Path>, reexec: &Reexec, scratch: &Path) -> Result<Self, Error> {
        let named = path.map_or_else(default_path, Path::to_owned);
        let mut command = reexec.foreign(&named);
        command.arg("-c").arg(DISCOVER);
        let refused =
            |why: String| Error::new(Code::PythonInterpreter, format!("'{}': {why}", named.display()));
        let pending = Pending::start(&mut command, &(), scratch).map_err(|e| refused(e.to_string()))?;
        let allowance = Allowance { patience: DISCOVERY_LIMIT, memory: None };
        let answer: Description = pending
            .answer_by(&DeadlineKeeper::new(), allowance, described)
            .map_err(|e| refused(e.to_string()))?;
        judge(answer).map_err(refused)
    }

    /// Returns the version number, such as `3.12.1`.
    pub fn release(&self) -> &str {
        self.version.split_whitespace().next().unwrap_or_default()
    }
}

/// Finds the description among everything that an interpreter writes: `sitecustomize` may write too.
fn described(text: &str) -> Option<Description> {
    let (_, described) = text.rsplit_once(MARK)?;
    serde_json::from_str(described.lines().next()?).ok()
}

fn default_path() -> PathBuf {
    let environment = std::env::var_os("VIRTUAL_ENV").map(|path| Path::new(&path).join("bin/python"));
    environment.filter(|python| python.is_file()).unwrap_or_else(|| PathBuf::from("python3"))
}

fn judge(answer: Description) -> Result<Interpreter, String> {
    let Description { version, implementation, .. } = answer;
    if answer.minor < MIN_VERSION {
        let [major, minor] = MIN_VERSION;
        return Err(format!("Python {version} is too old; conc needs {major}.{minor} or newer"));
    }
    if implementation != "cpython" {
        return Err(format!("it is {implementation}; conc supports only CPython"));
    }
    Ok(Interpreter {
        executable: answer.executable,
        version: answer.full_version,
        has_gil: answer.gil,
        start_method: answer.start_method,
        offers: answer.offers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(minor: [u32; 2], implementation: &str) -> Description {
        let version = format!("{}.{}.0", minor[0], minor[1]);
        Description {
            executable: "/usr/bin/python3".into(),
            full_version: format!("{version} (main)"),
            version,
            minor,
            implementation: implementation.into(),
            start_method: "fork".into(),
            offers: Vec::new(),
            gil: true,
        }
    }

    #[test]
    fn a_description_is_found_between_what_others_write() {
        let text = "hello\n\n\u{1e}conc {\"executable\":\"/p\",\"version\":\"3.11.0\",\"full_version\":\"3.11.0\",\
                    \"minor\":[3,11],\"implementation\":\"cpython\"}\ngoodbye\n";
        assert_eq!(described(text).map(|found| found.minor), Some([3, 11]));
        assert!(described("Traceback").is_none());
    }

    #[test]
    fn only_a_cpython_that_is_new_enough_will_do() {
        assert_eq!(judge(answer([3, 9], "cpython")).map(|i| i.release().to_owned()), Ok("3.9.0".into()));
        assert!(judge(answer([3, 8], "cpython")).unwrap_err().contains("3.8.0 is too old"));
        assert!(judge(answer([2, 7], "cpython")).is_err());
        assert!(judge(answer([3, 11], "pypy")).unwrap_err().contains("pypy"));
    }

    #[test]
    fn an_interpreter_that_is_none_is_named() {
        let reexec = Reexec::new(PathBuf::new());
        let error = Interpreter::discover(Some(Path::new("/no/such/python")), &reexec, &std::env::temp_dir())
            .expect_err("no interpreter");
        assert_eq!(error.code, Code::PythonInterpreter);
        assert!(error.message.contains("/no/such/python"), "{error}");
    }
}
