//! Reading of one file of `/proc`.

use std::fs::File;
use std::io::Read;

/// Bytes of the longest single line that is read; `stat` has about 350.
const MAX_LINE_BYTES: usize = 1024;

/// Reads a file of one line, in one call, without asking for its length, which `/proc` does not know.
pub(super) fn line<T>(path: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    let mut buffer = [0; MAX_LINE_BYTES];
    let length = File::open(path).ok()?.read(&mut buffer).ok()?;
    parse(String::from_utf8_lossy(&buffer[..length]).trim_end())
}

/// Reads a whole file.
pub(super) fn text<T>(path: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    parse(&std::fs::read_to_string(path).ok()?)
}
