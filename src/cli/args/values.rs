//! Parsers of values that several arguments have.

use std::str::FromStr;
use std::time::Duration;

use crate::units::parse_duration;
use crate::workload::input::{MAX_TASKS, RATES};

/// Maximum of `--assume-cpus`: more CPUs than any single machine has.
const MAX_CPUS: f64 = 8192.0;

/// Parses a duration such as `5ms`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|e| e.to_string())
}

/// Parses a duration above 0.
pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    duration(text).and_then(|d| if d.is_zero() { Err("must be greater than 0".to_owned()) } else { Ok(d) })
}

/// Parses a number of CPUs, which may be a fraction, as a quota is.
pub(super) fn cpus(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(cpus) if (MAX_CPUS.recip()..=MAX_CPUS).contains(&cpus) => Ok(cpus),
        _ => Err(format!("must be a number of CPUs, at most {MAX_CPUS}")),
    }
}

/// Parses a number of attempts per second, such as `5`, `0.5` or `5/s`.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    match text.strip_suffix("/s").unwrap_or(text).parse::<f64>() {
        Ok(rate) if RATES.contains(&rate) => Ok(rate),
        _ => {
            Err(format!("must be a number of attempts per second from {} to {}", RATES.start(), RATES.end()))
        }
    }
}

/// Parses a whole number of at least 1.
pub(super) fn count<T: FromStr + Default + PartialEq>(text: &str) -> Result<T, String> {
    let is_whole = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if number != T::default() => Ok(number),
        // A number of digits alone can only fail to parse by overflow.
        Err(_) if is_whole => Err("is out of range".to_owned()),
        _ => Err("must be a whole number of at least 1".to_owned()),
    }
}

/// Parses a number of tasks.
pub(super) fn tasks(text: &str) -> Result<u64, String> {
    count(text).and_then(|tasks| match tasks {
        0..=MAX_TASKS => Ok(tasks),
        _ => Err(format!("must be at most {MAX_TASKS}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_above_0() {
        assert_eq!((rate("5"), rate("0.5"), rate("20/s")), (Ok(5.0), Ok(0.5), Ok(20.0)));
        for text in ["0", "-1", "nan", "inf", "1e-300", "1e300", "5 per minute", ""] {
            assert!(rate(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_count_is_a_whole_number_of_at_least_one() {
        assert_eq!(count("20"), Ok(20_u64));
        assert_eq!(count::<u32>("4294967296"), Err("is out of range".to_owned()));
        for text in ["0", "-3", "1.5", "many", ""] {
            assert_eq!(count::<u64>(text), Err("must be a whole number of at least 1".to_owned()), "{text}");
        }
    }
}
