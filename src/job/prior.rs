//! The width that a run has learned, kept for the next run of the same command.

use std::fs;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::host::cache::cache_file;
use crate::host::replace_file::replace_file;
use crate::job::summary::{JobEnd, JobSummary};
use crate::job::width::WidthLimit;

/// Attempts per width from which a width was learned and not only tried: four waves.
const WAVES: u64 = 4;

/// What is kept of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Learned {
    /// The CPUs that the commands could use.
    cpus: f64,
    /// The width.
    width: usize,
    /// The command as it was typed, for a reader of the file.
    command: String,
}

/// Widths that are believed of a file that may have been edited: no run has found a greater one.
const WIDTHS: RangeInclusive<usize> = 1..=1 << 16;

/// The memory of one command.
#[derive(Debug)]
pub(crate) struct Prior {
    file: Option<PathBuf>,
    cpus: f64,
}

impl Prior {
    /// Returns the memory of the command with this identity, on a machine of so many CPUs.
    pub(crate) fn of(identity: &[u8], cpus: f64) -> Self {
        Prior { file: cache_file(&format!("run/{:016x}.json", xxh3_64(identity))), cpus }
    }

    /// Returns the width that was learned; `None` if there is none, or the CPUs have changed.
    pub(crate) fn width(&self) -> Option<usize> {
        let learned: Learned = serde_json::from_slice(&fs::read(self.file.as_ref()?).ok()?).ok()?;
        let is_of_here = learned.cpus.to_bits() == self.cpus.to_bits();
        (is_of_here && WIDTHS.contains(&learned.width)).then_some(learned.width)
    }

    /// Keeps what a run has learned, if it ended by itself and went on long enough. A file that cannot be
    /// written only costs the next run its opening.
    pub(crate) fn keep(&self, summary: &JobSummary) {
        let width = &summary.width;
        let is_learned = width.choice == "auto"
            && !matches!(
                width.limit,
                WidthLimit::Items | WidthLimit::Source | WidthLimit::Resources | WidthLimit::Pressure
            )
            && summary.end == JobEnd::Complete
            && summary.attempts >= WAVES * width.width as u64;
        let Some(file) = self.file.as_ref().filter(|_| is_learned) else { return };
        let learned = Learned { cpus: self.cpus, width: width.width, command: summary.command.clone() };
        let Ok(bytes) = serde_json::to_vec(&learned) else { return };
        let _ = file.parent().map(fs::create_dir_all);
        let _ = replace_file(file, &bytes);
    }
}
