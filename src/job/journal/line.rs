//! One line of the journal.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

/// The version of the format.
pub(super) const VERSION: u32 = 1;

/// Digits of the checksum.
const CHECKSUM_DIGITS: usize = 16;

/// The first line: what the journal belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// The version of the format.
    pub(crate) conc_journal: u32,
    /// The command as it was typed, to be shown.
    pub(crate) command: String,
    /// A hash of everything that decides what an item means: the command and the way it is run.
    pub(crate) identity: String,
}

impl Header {
    /// Makes the header of a command; `identity` are the bytes that tell it from any other.
    pub(crate) fn new(command: String, identity: &[u8]) -> Self {
        Header { conc_journal: VERSION, command, identity: format!("{:016x}", xxh3_64(identity)) }
    }
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum RecordStatus {
    /// It succeeded.
    Ok,
    /// It failed, after all its attempts.
    Failed,
}

/// An item that is finished.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The number of the item in its source, from 1.
    #[serde(rename = "n")]
    pub(crate) number: u64,
    /// A hash of the item.
    #[serde(rename = "item")]
    pub(crate) item_hash: u32,
    /// What became of it.
    pub(crate) status: RecordStatus,
    /// The exit status; -1 if there is none.
    pub(crate) exit: i32,
    /// The signal that ended it; 0 if there was none.
    pub(crate) signal: i32,
    /// Number of attempts.
    pub(crate) attempts: u32,
    /// Seconds of the last attempt.
    pub(crate) seconds: f64,
    /// Length of the file of results with the result of this item, in bytes; null if there is no such file.
    pub(crate) results: Option<u64>,
    /// The group in which the line was written.
    pub(crate) group: u64,
}

/// Returns the hash by which a journal recognises an item.
pub(crate) fn hash_of(item: &[u8]) -> u32 {
    // Both halves, so that no bit of the hash is wasted.
    let hash = xxh3_64(item);
    (hash ^ (hash >> 32)) as u32
}

/// Appends a line to `out`.
pub(super) fn write(content: &impl Serialize, out: &mut Vec<u8>) {
    write_line(&serde_json::to_vec(content).expect("plain data is JSON"), out);
}

/// Appends JSON as a line, with its checksum.
pub(crate) fn write_line(json: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("{:016x} ", xxh3_64(json)).as_bytes());
    out.extend_from_slice(json);
    out.push(b'\n');
}

/// Reads a line without its end; `None` if it is damaged.
pub(crate) fn read<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let (checksum, json) = line.split_at_checked(CHECKSUM_DIGITS)?;
    let json = json.strip_prefix(b" ")?;
    let checksum = u64::from_str_radix(str::from_utf8(checksum).ok()?, 16).ok()?;
    (checksum == xxh3_64(json)).then(|| serde_json::from_slice(json).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_comes_back_and_no_changed_byte_is_accepted() {
        let header = Header::new("true".to_owned(), b"true");
        let mut out = Vec::new();
        write(&header, &mut out);
        let line = out.strip_suffix(b"\n").expect("a line");
        assert_eq!(read(line), Some(header));
        for at in 0..line.len() {
            let mut changed = line.to_vec();
            changed[at] ^= 1;
            assert_eq!(read::<Header>(&changed), None, "byte {at}");
            assert_eq!(read::<Header>(&line[..at]), None, "cut at {at}");
        }
    }
}
