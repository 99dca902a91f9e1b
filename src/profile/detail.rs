//! The evidence of a profile in words.

use crate::profile::result::Waits;
use crate::units::Share;

/// `CPU 4% · waiting 96% (network 95%, disk 1%)`
pub(super) fn detail(cpu_fraction: f64, waits: &Waits) -> String {
    let waiting = 1.0 - cpu_fraction;
    let mut kinds: Vec<_> = waits.named().into_iter().filter(|(_, share)| share * waiting >= 0.005).collect();
    kinds.sort_by(|a, b| b.1.total_cmp(&a.1));
    let kinds: Vec<_> =
        kinds.iter().map(|(name, share)| format!("{name} {}", Share(share * waiting))).collect();
    let behind = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    format!("CPU {} · waiting {}{behind}", Share(cpu_fraction), Share(waiting))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_names_the_kinds_that_matter() {
        let waits = Waits { network: 0.99, disk: 0.01, ..Waits::default() };
        assert_eq!(detail(0.04, &waits), "CPU 4% · waiting 96% (network 95%, disk 1%)");
        assert_eq!(detail(1.0, &Waits::default()), "CPU 100% · waiting 0%");
    }
}
