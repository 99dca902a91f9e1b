//! Kinds of descriptors of other processes.

use std::os::unix::fs::{FileTypeExt, MetadataExt};

use crate::host::procfs::descriptor_path;
use crate::profile::result::WaitKind;

/// Kind of a descriptor, as far as a wait for it is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DescriptorKind {
    /// A socket, by its inode.
    Socket(u64),
    /// A pipe, by its inode and whether it is written to.
    Pipe {
        /// The inode, which both ends share.
        inode: u64,
        /// True for the end that is written to.
        writes: bool,
    },
    /// A terminal.
    Terminal,
    /// A file, a directory or a block device.
    File,
    /// A counter by which threads wake one another.
    Event,
    /// A timer.
    Timer,
    /// A set of descriptors.
    Epoll,
    /// A process.
    Process,
    /// Signals.
    Signal,
    /// Changes of files: inotify or fanotify.
    FileEvents,
    /// Something else, or hidden.
    Unknown,
}

impl DescriptorKind {
    /// Returns the kind of descriptor `fd` of process `pid`.
    pub fn of(pid: u32, fd: u64) -> Self {
        let path = descriptor_path(pid, fd);
        // By its type and not by its name: a named pipe has the name of a file.
        let Ok(meta) = std::fs::metadata(&path) else { return DescriptorKind::Unknown };
        let kind = meta.file_type();
        if kind.is_socket() {
            DescriptorKind::Socket(meta.ino())
        } else if kind.is_fifo() {
            // The link has the mode of the descriptor.
            let link = std::fs::symlink_metadata(&path);
            let writes = link.is_ok_and(|link| link.mode() & 0o200 != 0);
            DescriptorKind::Pipe { inode: meta.ino(), writes }
        } else if kind.is_char_device() {
            // Among character devices, only terminals make a reader wait.
            DescriptorKind::Terminal
        } else if kind.is_dir() || kind.is_block_device() {
            DescriptorKind::File
        } else {
            let name = std::fs::read_link(&path).unwrap_or_default();
            DescriptorKind::named(&name.to_string_lossy(), kind.is_file())
        }
    }

    /// Returns the kind of a descriptor without a type of its own, by its name.
    fn named(name: &str, is_file: bool) -> Self {
        match name.trim_start_matches("anon_inode:") {
            "[eventfd]" => DescriptorKind::Event,
            "[timerfd]" => DescriptorKind::Timer,
            "[eventpoll]" => DescriptorKind::Epoll,
            "[pidfd]" => DescriptorKind::Process,
            "[signalfd]" => DescriptorKind::Signal,
            "inotify" | "[fanotify]" => DescriptorKind::FileEvents,
            _ if is_file => DescriptorKind::File,
            _ => DescriptorKind::Unknown,
        }
    }

    /// Returns the kind of a wait for the descriptor, if the other end of a pipe or a socket is outside the tree.
    pub fn wait(self) -> WaitKind {
        match self {
            DescriptorKind::Socket(_) => WaitKind::Network,
            DescriptorKind::Pipe { .. } | DescriptorKind::Terminal => WaitKind::Pipe,
            DescriptorKind::File => WaitKind::Disk,
            DescriptorKind::Event => WaitKind::Lock,
            DescriptorKind::Timer => WaitKind::Sleep,
            DescriptorKind::Process => WaitKind::Child,
            DescriptorKind::Signal => WaitKind::Signal,
            DescriptorKind::FileEvents | DescriptorKind::Epoll | DescriptorKind::Unknown => WaitKind::Other,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    use super::*;

    fn behind(descriptor: &impl AsRawFd) -> DescriptorKind {
        DescriptorKind::of(std::process::id(), u64::try_from(descriptor.as_raw_fd()).expect("open"))
    }

    #[test]
    fn the_type_counts_and_not_the_name() {
        let socket = TcpListener::bind("127.0.0.1:0").expect("loopback");
        assert!(matches!(behind(&socket), DescriptorKind::Socket(inode) if inode > 0));
        let (reader, writer) = std::io::pipe().expect("a pipe");
        assert!(matches!(behind(&reader), DescriptorKind::Pipe { writes: false, .. }));
        assert!(matches!(behind(&writer), DescriptorKind::Pipe { writes: true, .. }));
        assert_eq!(behind(&tempfile::tempfile().expect("a file")), DescriptorKind::File);
        assert_eq!(DescriptorKind::of(std::process::id(), 1 << 30), DescriptorKind::Unknown);
    }

    #[test]
    fn without_a_type_the_name_counts() {
        for (name, behind) in [
            ("anon_inode:[eventfd]", DescriptorKind::Event),
            ("anon_inode:[timerfd]", DescriptorKind::Timer),
            ("anon_inode:[eventpoll]", DescriptorKind::Epoll),
            ("anon_inode:[pidfd]", DescriptorKind::Process),
            ("anon_inode:[signalfd]", DescriptorKind::Signal),
            ("anon_inode:inotify", DescriptorKind::FileEvents),
            ("anon_inode:[fanotify]", DescriptorKind::FileEvents),
            ("anon_inode:[perf_event]", DescriptorKind::Unknown),
        ] {
            assert_eq!(DescriptorKind::named(name, false), behind);
        }
    }
}
