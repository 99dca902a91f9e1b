//! Memory of processes: `statm` and `status`.

use nix::unistd::{SysconfVar, sysconf};

use super::read;

/// Returns the bytes that a process has in memory now; `None` if it is gone.
pub(crate) fn resident_bytes(pid: u32) -> Option<u64> {
    read::line(&format!("/proc/{pid}/statm"), parse_resident_pages)?.checked_mul(page_bytes())
}

/// Returns the bytes that a process has in memory now, each shared page divided by the processes that share it;
/// `None` if the process is gone or the system does not report it.
pub(crate) fn proportional_bytes(pid: u32) -> Option<u64> {
    read::text(&format!("/proc/{pid}/smaps_rollup"), |text| parse_kib(text, "Pss:"))
}

/// Returns the largest number of bytes that this process has had in memory.
pub(crate) fn own_peak_rss_bytes() -> Option<u64> {
    read::text("/proc/self/status", parse_peak_rss)
}

/// Returns the bytes of the machine that processes can still get.
pub(crate) fn available_bytes() -> Option<u64> {
    read::text("/proc/meminfo", |text| parse_kib(text, "MemAvailable:"))
}

fn page_bytes() -> u64 {
    sysconf(SysconfVar::PAGE_SIZE).ok().flatten().map_or(4096, i64::cast_unsigned)
}

/// Takes the second field of `statm`, in pages.
pub(super) fn parse_resident_pages(line: &str) -> Option<u64> {
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Takes `VmHWM` out of `status`, in bytes.
pub(super) fn parse_peak_rss(status: &str) -> Option<u64> {
    parse_kib(status, "VmHWM:")
}

/// Takes the size after a name at the start of a line, in bytes.
pub(super) fn parse_kib(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_high_water_mark_is_read_in_bytes() {
        assert_eq!(parse_peak_rss("Name:\tconc\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
        assert_eq!(parse_peak_rss("Name:\tkthreadd\n"), None);
    }

    #[test]
    fn the_proportional_size_is_that_of_all_mappings() {
        let rollup =
            "5581e0b6d000-7ffd ---p 00000000 00:00 0  [rollup]\nRss:  8 kB\nPss:  5 kB\nPss_Anon: 1 kB\n";
        assert_eq!(parse_kib(rollup, "Pss:"), Some(5 << 10));
    }

    #[test]
    fn resident_pages_are_the_second_field() {
        assert_eq!(parse_resident_pages("1000 250 100 5 0 200 0"), Some(250));
        assert_eq!(parse_resident_pages(""), None);
    }
}
