//! Memory that running processes hold.

use crate::host::process::descendants;

/// Resident bytes of `pid` and its descendants now; 0 where the system does not tell.
pub fn resident_of_tree(pid: u32) -> u64 {
    std::iter::once(pid).chain(descendants(pid)).map(resident).sum()
}

fn resident(pid: u32) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages: u64 = statm.split_whitespace().nth(1).and_then(|p| p.parse().ok()).unwrap_or(0);
    pages * page_size()
}

fn page_size() -> u64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE).ok().flatten().map_or(4096, i64::cast_unsigned)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn this_process_holds_memory() {
        assert!(resident_of_tree(std::process::id()) > 100_000);
    }
}
