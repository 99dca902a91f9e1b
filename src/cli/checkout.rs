//! The directory of the other side: one that the user names, or a version of the repository in a work tree.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::benchmark::hooks::Shell;
use crate::diagnostics::Code;
use crate::study::Machine;

use crate::cli::args::BenchArgs;
use crate::cli::failure::Failure;

/// The directory that the other side runs in.
#[derive(Debug)]
pub(crate) struct ReferenceCheckout {
    /// The name that users know it by: a version or a directory.
    pub(crate) name: String,
    /// The directory, an absolute path.
    pub(crate) directory: PathBuf,
    /// The work tree to remove; it is dropped before the directory that it is in.
    _tree: Option<WorkTree>,
    _scratch: Option<TempDir>,
}

/// A work tree of the user's repository, removed when it is dropped.
#[derive(Debug)]
struct WorkTree {
    repository: PathBuf,
    path: PathBuf,
}

impl ReferenceCheckout {
    /// Returns true if the arguments name a directory or a version.
    pub(crate) fn is_wanted(args: &BenchArgs) -> bool {
        args.reference_dir.is_some() || args.reference_ref.is_some()
    }

    /// Makes the directory that the arguments name, if they do; a work tree is made below the directory of
    /// the run.
    ///
    /// # Errors
    /// `E-GATE-003` if there is no such directory, or git has no such version.
    pub(crate) fn open(args: &BenchArgs, machine: Option<&dyn Machine>) -> Result<Option<Self>, Failure> {
        if args.build.is_some() && !ReferenceCheckout::is_wanted(args) {
            let message = "--build builds both sides: give --reference-ref or --reference-dir as well";
            return Err(Failure::Usage(message.to_owned()));
        }
        if let Some(directory) = &args.reference_dir {
            return ReferenceCheckout::of_directory(directory).map(Some);
        }
        args.reference_ref
            .as_deref()
            .map(|version| ReferenceCheckout::of_version(version, machine))
            .transpose()
    }

    fn of_directory(directory: &Path) -> Result<Self, Failure> {
        let name = directory.display().to_string();
        match directory.canonicalize() {
            Ok(path) if path.is_dir() => {
                Ok(ReferenceCheckout { name, directory: path, _tree: None, _scratch: None })
            }
            Ok(_) => Err(refused(&name, "not a directory")),
            Err(error) => Err(refused(&name, &error.to_string())),
        }
    }

    fn of_version(version: &str, machine: Option<&dyn Machine>) -> Result<Self, Failure> {
        let top = git(Path::new("."), &["rev-parse", "--show-toplevel"], version)?;
        let below = git(Path::new("."), &["rev-parse", "--show-prefix"], version)?;
        let commit = git(
            Path::new("."),
            &["rev-parse", "--verify", "--quiet", &format!("{version}^{{commit}}")],
            version,
        )
        .map_err(|_| refused(version, UNKNOWN_VERSION))?;
        let scratch = tempdir(machine).map_err(Failure::io("cannot create a directory"))?;
        let path = scratch.path().join("tree");
        let repository = PathBuf::from(top);
        let place = path.to_string_lossy();
        git(&repository, &["worktree", "add", "--quiet", "--detach", "--force", &place, &commit], version)?;
        let directory = path.join(below);
        let tree = WorkTree { repository, path };
        if !directory.is_dir() {
            return Err(refused(version, "that version does not have the current directory"));
        }
        let name = version.to_owned();
        Ok(ReferenceCheckout { name, directory, _tree: Some(tree), _scratch: Some(scratch) })
    }

    /// Runs the command that builds the program, in the current directory and in this one.
    ///
    /// # Errors
    /// `E-HOOK-001` if the command fails, with the last line that it wrote.
    pub(crate) fn build(&self, line: &str, machine: &dyn Machine) -> Result<(), Failure> {
        let Some(guard) = machine.guard() else { return Ok(()) };
        let reexec = guard.group().reexec();
        for directory in [None, Some(self.directory.clone())] {
            let place = directory.as_ref().map_or("the current directory", |_| self.name.as_str()).to_owned();
            let shell = Shell::new(reexec.in_directory(directory), guard.group().scratch().to_owned());
            let built = shell.run("--build", Some(line));
            built.map_err(|error| Failure::from(guard.explain(error.context(place))))?;
        }
        Ok(())
    }
}

/// Advice for a version that git does not know.
const UNKNOWN_VERSION: &str = "git does not know this version; a shallow clone may lack it: fetch it first, with `git \
                               fetch origin`, or in a job of GitHub with `fetch-depth: 0`";

impl Drop for WorkTree {
    fn drop(&mut self) {
        // The directory goes with the run; what is left in the repository would only be clutter.
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.repository).args(["worktree", "remove", "--force"]).arg(&self.path);
        let _ = command.output();
    }
}

/// Returns a directory that goes with the run, even if the run is killed.
fn tempdir(machine: Option<&dyn Machine>) -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix("conc-reference-");
    match machine.and_then(Machine::guard) {
        Some(guard) => builder.tempdir_in(guard.group().scratch()),
        None => builder.tempdir(),
    }
}

/// Runs git in `directory` and returns what it printed.
fn git(directory: &Path, arguments: &[&str], version: &str) -> Result<String, Failure> {
    let ran = Command::new("git").current_dir(directory).args(arguments).output();
    let Output { status, stdout, stderr } =
        ran.map_err(|error| refused(version, &format!("cannot run git: {error}")))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&stdout).trim_end_matches('\n').to_owned());
    }
    let said = String::from_utf8_lossy(&stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(refused(version, last.unwrap_or("git failed").trim_start_matches("fatal: ")))
}

fn refused(name: &str, why: &str) -> Failure {
    Failure::coded(Code::GateReference, format!("'{name}': {why}"))
}
