//! What is behind a descriptor of another process.

use std::os::unix::fs::{FileTypeExt, MetadataExt};

use crate::profile::waits::Wait;

/// What is behind a descriptor, as far as waiting for it is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behind {
    /// A socket, by its inode.
    Socket(u64),
    /// A pipe, a named one too, or a terminal.
    Pipe,
    /// A file, a directory or a block device.
    File,
    /// A counter that threads wake one another by.
    Event,
    /// A timer.
    Timer,
    /// A set of descriptors.
    Epoll,
    /// A process.
    Process,
    /// Something else, or nothing that could be seen.
    Unknown,
}

impl Behind {
    /// Looks at descriptor `fd` of process `pid`.
    pub fn of(pid: u32, fd: u64) -> Self {
        let path = format!("/proc/{pid}/fd/{fd}");
        // The type tells, and not the name: a named pipe looks like a file by its name.
        let Ok(meta) = std::fs::metadata(&path) else { return Behind::Unknown };
        let kind = meta.file_type();
        if kind.is_socket() {
            Behind::Socket(meta.ino())
        } else if kind.is_fifo() || kind.is_char_device() {
            // Of the devices that are read as characters only terminals make anybody wait.
            Behind::Pipe
        } else if kind.is_dir() || kind.is_block_device() {
            Behind::File
        } else {
            let name = std::fs::read_link(&path).unwrap_or_default();
            Behind::named(&name.to_string_lossy(), kind.is_file())
        }
    }

    /// What is no file to the user has a name that tells, and may call itself one.
    fn named(name: &str, is_file: bool) -> Self {
        match name.trim_start_matches("anon_inode:") {
            "[eventfd]" => Behind::Event,
            "[timerfd]" => Behind::Timer,
            "[eventpoll]" => Behind::Epoll,
            "[pidfd]" => Behind::Process,
            _ if is_file => Behind::File,
            _ => Behind::Unknown,
        }
    }

    /// What it means to wait for it.
    pub fn wait(self) -> Wait {
        match self {
            Behind::Socket(_) => Wait::Network,
            Behind::Pipe => Wait::Pipe,
            Behind::File => Wait::Disk,
            Behind::Event => Wait::Lock,
            Behind::Timer => Wait::Sleep,
            Behind::Process => Wait::Child,
            Behind::Epoll | Behind::Unknown => Wait::Other,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    use super::*;

    fn behind(descriptor: &impl AsRawFd) -> Behind {
        Behind::of(std::process::id(), u64::try_from(descriptor.as_raw_fd()).expect("open"))
    }

    #[test]
    fn descriptors_are_told_by_their_type_and_not_by_their_name() {
        let socket = TcpListener::bind("127.0.0.1:0").expect("loopback");
        assert!(matches!(behind(&socket), Behind::Socket(inode) if inode > 0));
        let (reader, _writer) = std::io::pipe().expect("a pipe");
        assert_eq!(behind(&reader), Behind::Pipe);
        let directory = tempfile::tempdir().expect("a directory");
        let named = directory.path().join("looks-like-a-file.txt");
        let made = std::process::Command::new("mkfifo").arg(&named).status().expect("mkfifo");
        assert!(made.success());
        let both = std::fs::OpenOptions::new().read(true).write(true).open(&named).expect("opened");
        assert_eq!(behind(&both), Behind::Pipe);
        assert_eq!(behind(&tempfile::tempfile().expect("a file")), Behind::File);
        assert_eq!(Behind::of(std::process::id(), 1 << 30), Behind::Unknown);
    }

    #[test]
    fn what_has_no_type_is_told_by_its_name() {
        for (name, behind) in [
            ("anon_inode:[eventfd]", Behind::Event),
            ("anon_inode:[timerfd]", Behind::Timer),
            ("anon_inode:[eventpoll]", Behind::Epoll),
            ("anon_inode:[pidfd]", Behind::Process),
            ("anon_inode:inotify", Behind::Unknown),
        ] {
            assert_eq!(Behind::named(name, false), behind);
        }
    }
}
