//! What another `conc` needs to go on with a run on Slurm.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use crate::cluster::slurm::queue::Submitted;
use crate::host::replace_file::replace_file;

/// The name of the file in the shared directory.
const NAME: &str = "run.json";

/// The version of the file.
const VERSION: u32 = 1;

/// The state of a run on Slurm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The version of this file.
    conc_slurm: u32,
    /// The arguments of the run, each in base64.
    arguments: Vec<String>,
    /// The directory in which it was started, in base64.
    directory: String,
    /// Whether the run has made the shared directory.
    pub(crate) has_made: bool,
    /// Everything that was submitted.
    pub(crate) submitted: Vec<Submitted>,
    /// Parts that were made.
    pub(crate) parts: u64,
    /// Times that items were submitted again.
    pub(crate) rounds: u32,
}

impl State {
    /// Begins with the arguments of this run.
    pub(crate) fn new(arguments: &[OsString], directory: &Path, has_made: bool) -> Self {
        State {
            conc_slurm: VERSION,
            arguments: arguments.iter().map(|word| BASE64.encode(word.as_bytes())).collect(),
            directory: BASE64.encode(directory.as_os_str().as_bytes()),
            has_made,
            submitted: Vec::new(),
            parts: 0,
            rounds: 0,
        }
    }

    /// Reads the state of a run from its shared directory.
    ///
    /// # Errors
    /// When there is none, or it is of another version.
    pub(crate) fn read(shared: &Path) -> io::Result<Self> {
        let owner = fs::metadata(shared.join(NAME))?.uid();
        if owner != nix::unistd::geteuid().as_raw() {
            // Its arguments are run.
            return Err(io::Error::other("it was written by another user"));
        }
        let state: State = serde_json::from_slice(&fs::read(shared.join(NAME))?)?;
        if state.conc_slurm != VERSION {
            return Err(io::Error::other("it was written by another version of conc"));
        }
        Ok(state)
    }

    /// Writes the state, before or after what it speaks of is submitted.
    ///
    /// # Errors
    /// When the shared directory cannot be written to.
    pub(crate) fn write(&self, shared: &Path) -> io::Result<()> {
        replace_file(&shared.join(NAME), &serde_json::to_vec(self)?)
    }

    /// Returns the arguments of the run and the directory in which it was started.
    pub(crate) fn arguments(&self) -> (Vec<OsString>, OsString) {
        let decode = |text: &String| BASE64.decode(text.as_bytes()).unwrap_or_default();
        let words = self.arguments.iter().map(|word| OsString::from_vec(decode(word)));
        (words.collect(), OsString::from_vec(decode(&self.directory)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_comes_back_with_its_arguments() {
        let shared = tempfile::tempdir().expect("a directory");
        let arguments = ["run".into(), OsString::from_vec(b"x\xff".to_vec())];
        let mut state = State::new(&arguments, Path::new("/a b"), true);
        state.submitted.push(Submitted { job: "7".to_owned(), base: 2, count: 3 });
        state.write(shared.path()).expect("written");
        let read = State::read(shared.path()).expect("read");
        assert_eq!(read, state);
        assert_eq!(read.arguments(), (arguments.to_vec(), "/a b".into()));
        fs::write(shared.path().join(NAME), "{}").expect("written");
        assert!(State::read(shared.path()).is_err());
    }
}
