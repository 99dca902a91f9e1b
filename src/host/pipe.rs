//! The capacity of pipes.

use std::os::fd::AsFd;

/// A page, the unit in which the system hands out the buffer of a pipe, in bytes; at most this, on Linux.
const PAGE_BYTES: usize = 4096;

/// Returns the bytes that a single write puts into a pipe from which everything before was read, without ever
/// waiting for the reader.
///
/// That is the buffer less a page, which the end of what was written before may still hold. A user with many
/// pipes gets small ones, so the capacity is no constant.
#[cfg(target_os = "linux")]
pub(crate) fn writable_at_once(pipe: &impl AsFd) -> usize {
    use nix::fcntl::{FcntlArg, fcntl};
    let capacity = fcntl(pipe.as_fd(), FcntlArg::F_GETPIPE_SZ).ok();
    capacity.and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(PAGE_BYTES).saturating_sub(PAGE_BYTES)
}

/// Returns a page: no system has smaller pipes, and others than Linux do not tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn writable_at_once(_: &impl AsFd) -> usize {
    PAGE_BYTES
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn as_much_is_written_without_a_reader_as_is_promised() {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let bytes = writable_at_once(&writer);
        // It would wait for ever if this were more than fits.
        writer.write_all(&vec![7; bytes]).expect("written");
        drop(reader);
    }
}
