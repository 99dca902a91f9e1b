//! The journal: which items are finished, durable before they are reported.
//!
//! A file of lines, each a checksum and a JSON object. The first says which command the journal belongs to;
//! every other records one item. Lines are only ever appended, in groups, and a group is on the disk before
//! the next one is written, so that a crash can damage no more than the last group.

mod file;
mod line;
mod recorded;

pub(crate) use file::{Journal, JournalError, read_journal};
pub(crate) use line::{Header, Record, RecordStatus, hash_of, read as read_line, write_line};
pub(crate) use recorded::{Recorded, Resumed};
