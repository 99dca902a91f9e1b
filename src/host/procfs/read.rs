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

/// Reads a whole file. The names of programs and files in it are in any encoding.
pub(super) fn text<T>(path: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
    parse(&String::from_utf8_lossy(&std::fs::read(path).ok()?))
}
