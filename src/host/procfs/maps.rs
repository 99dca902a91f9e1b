//! Files in the memory of a process: `maps`.

use super::read;

/// A part of a file that a process can execute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExecutableMap {
    /// First address.
    pub from: u64,
    /// Address after the last one.
    pub to: u64,
    /// Path of the file; empty for memory without a file.
    pub path: String,
}

/// Returns the parts of files that a process can execute.
pub(crate) fn executable_maps(pid: u32) -> Vec<ExecutableMap> {
    read::text(&format!("/proc/{pid}/maps"), |text| Some(parse_executable_maps(text))).unwrap_or_default()
}

/// Parses lines such as `7f00-7f08 r-xp 00028000 fe:00 1234   /usr/lib/libc.so.6`.
pub(super) fn parse_executable_maps(text: &str) -> Vec<ExecutableMap> {
    let map = |line: &str| {
        let mut fields = line.split_whitespace();
        let (from, to) = fields.next()?.split_once('-')?;
        let is_executable = fields.next()?.contains('x');
        let path = fields.nth(3).unwrap_or_default().to_owned();
        let address = |text| u64::from_str_radix(text, 16).ok();
        is_executable.then_some(ExecutableMap { from: address(from)?, to: address(to)?, path })
    };
    text.lines().filter_map(map).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_executed_is_found_with_its_file() {
        let text = "7f00-7f08 r-xp 00028000 fe:00 1234                 /usr/lib/libc.so.6\n\
                    7f08-7f09 rw-p 00000000 00:00 0\n8000-8010 r-xp 00000000 00:00 0\n";
        let map = |from, to, path: &str| ExecutableMap { from, to, path: path.to_owned() };
        assert_eq!(
            parse_executable_maps(text),
            [map(0x7f00, 0x7f08, "/usr/lib/libc.so.6"), map(0x8000, 0x8010, "")]
        );
    }
}
