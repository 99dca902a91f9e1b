//! Text of the kernel that is read, whatever it says: for tests that put anything into every parser of it.

use crate::host::{cgroup, procfs, quota, unix_peer};

/// Gives a text to every parser of a file of `/proc` and of a control group.
pub(crate) fn parse_any(text: &str) {
    procfs::parse_any(text);
    cgroup::parse_any(text);
    quota::parse_any(text);
    unix_peer::parse_any(text.as_bytes());
}
