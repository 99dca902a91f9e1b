//! Pipes and sockets that a process has open: `fd`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Descriptors of one process that are listed at most.
const MAX_DESCRIPTORS: usize = 1024;

/// A pipe or a socket that a process has open, by its inode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OpenChannel {
    /// A socket.
    Socket(u64),
    /// One end of a pipe without a name.
    Pipe {
        /// The inode, which both ends share.
        inode: u64,
        /// True for the end that is written to.
        writes: bool,
    },
}

/// Returns the pipes and sockets that a process has open.
pub(crate) fn open_channels(pid: u32) -> Vec<OpenChannel> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return Vec::new() };
    let channel = |entry: fs::DirEntry| {
        let name = fs::read_link(entry.path()).ok()?;
        parse_channel(name.to_str()?, || is_written(&entry.path()))
    };
    entries.flatten().take(MAX_DESCRIPTORS).filter_map(channel).collect()
}

/// Returns true if a process has a file or a block device open beyond its standard streams, false if it has
/// sockets instead, and `None` if it has neither.
pub(crate) fn ring_has_files(pid: u32) -> Option<bool> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return None };
    let names: Vec<_> = entries
        .flatten()
        .take(MAX_DESCRIPTORS)
        .filter(|entry| {
            entry.file_name().to_str().and_then(|fd| fd.parse().ok()).is_some_and(|fd: u32| fd > 2)
        })
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .collect();
    let is_file = |name: &Path| name.is_absolute() && !name.starts_with("/proc") && !name.starts_with("/sys");
    let is_socket = |name: &Path| name.to_string_lossy().starts_with("socket:");
    if names.iter().any(|name| is_file(name)) {
        Some(true)
    } else {
        names.iter().any(|name| is_socket(name)).then_some(false)
    }
}

/// Returns true if a descriptor is open for writing, which the mode of its link says.
fn is_written(link: &Path) -> bool {
    fs::symlink_metadata(link).is_ok_and(|meta| meta.permissions().mode() & 0o200 != 0)
}

/// Parses the target of a link, such as `pipe:[4711]`.
pub(super) fn parse_channel(target: &str, is_written: impl FnOnce() -> bool) -> Option<OpenChannel> {
    let inode = |kind: &str| target.strip_prefix(kind)?.strip_suffix(']')?.parse().ok();
    if let Some(inode) = inode("socket:[") {
        return Some(OpenChannel::Socket(inode));
    }
    inode("pipe:[").map(|inode| OpenChannel::Pipe { inode, writes: is_written() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_name_pipes_and_sockets() {
        assert_eq!(parse_channel("socket:[12]", || panic!("no pipe")), Some(OpenChannel::Socket(12)));
        assert_eq!(parse_channel("pipe:[7]", || true), Some(OpenChannel::Pipe { inode: 7, writes: true }));
        assert_eq!(parse_channel("/tmp/socket:[12]", || true), None);
        assert_eq!(parse_channel("anon_inode:[eventfd]", || true), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn both_ends_of_a_pipe_are_told_apart() {
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::MetadataExt;

        let (reader, _writer) = std::io::pipe().expect("a pipe");
        let inode = fs::metadata(format!("/proc/self/fd/{}", reader.as_raw_fd())).expect("open").ino();
        let open = open_channels(std::process::id());
        for writes in [false, true] {
            assert!(open.contains(&OpenChannel::Pipe { inode, writes }), "{open:?}");
        }
    }
}
