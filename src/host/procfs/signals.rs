//! Signals of processes: `status`.

use super::read;

/// Returns the signals that this process ignores, one bit for each, the lowest for signal 1.
pub(crate) fn own_ignored_signals() -> u64 {
    read::text("/proc/self/status", parse_ignored).unwrap_or(0)
}

/// Takes `SigIgn`, a mask in hexadecimal.
pub(super) fn parse_ignored(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_a_mask() {
        let text = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000001003\nSigCgt:\t0000000000000440\n";
        assert_eq!(parse_ignored(text), Some(0x1003));
        assert_eq!(parse_ignored("Name:\tconc\n"), None);
    }
}
