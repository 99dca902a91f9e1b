//! Sentences and numbers that the programs of both languages share.

use std::time::Duration;

use crate::units::Seconds;

/// Returns the sentence above a stand-in, from the parts that the stand-in has.
pub(super) fn replace_note(wait: Option<Duration>, cpu: Option<Duration>) -> String {
    match (wait.map(Seconds::from), cpu.map(Seconds::from)) {
        (Some(wait), Some(cpu)) => {
            format!(
                "Replace this: it waits {wait} and computes for about {cpu}, as one task did when it was measured."
            )
        }
        (Some(wait), None) => format!("Replace this: it waits {wait}, as one task did when it was measured."),
        (None, Some(cpu)) => {
            format!("Replace this: it computes for about {cpu}, as one task did when it was measured.")
        }
        (None, None) => "Replace this: one task cost next to nothing when it was measured.".to_owned(),
    }
}

/// Formats a number as source, with underscores between thousands.
pub(super) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(44_000), "44_000");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1_234_567");
    }
}
