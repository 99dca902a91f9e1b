//! Quantities that parse and format themselves: durations, sizes, rates and shares.

use std::fmt;
use std::time::Duration;

/// The reason a quantity could not be parsed; a fragment that fits after "invalid value: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnitError {
    /// The text does not start with a number.
    #[error("'{text}' is not {what}; write {example}")]
    NotAQuantity {
        /// The text.
        text: String,
        /// The expected quantity, such as "a duration".
        what: &'static str,
        /// Advice on how to write the quantity.
        example: &'static str,
    },
    /// The unit is unknown.
    #[error("unknown unit '{unit}' in '{text}'; use {known}")]
    UnknownUnit {
        /// The text.
        text: String,
        /// The unit in the text.
        unit: String,
        /// The known units.
        known: &'static str,
    },
    /// The number has no unit.
    #[error("'{text}' has no unit; add {known}")]
    NoUnit {
        /// The text.
        text: String,
        /// The known units.
        known: &'static str,
    },
    /// The number is negative, not finite or too large.
    #[error("'{text}' is out of range: {allowed}")]
    OutOfRange {
        /// The text.
        text: String,
        /// What is in range.
        allowed: &'static str,
    },
}

/// Longest duration that can be written: every clock can add it to the present, and no run waits for longer.
pub(crate) const MAX_DURATION: Duration = Duration::from_secs(365 * 24 * 3600);

/// Largest size that can be written, in bytes: more than any machine has, and any sum of a few fits a `u64`.
pub(crate) const MAX_BYTES: u64 = 1 << 50;

/// Returns the duration of seconds that were computed or read: the nearest one to what is no duration, and 0 for
/// what is no number.
pub(crate) fn duration_of(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
}

/// A kind of quantity in error messages.
struct Kind {
    /// Its name.
    what: &'static str,
    /// How to write one.
    example: &'static str,
    /// Its bounds.
    allowed: &'static str,
}

const DURATION: Kind = Kind {
    what: "a duration",
    example: "it as 5ms, 1.5s or 2min",
    allowed: "a duration is from 0 to 8760h, a year",
};

const SIZE: Kind =
    Kind { what: "a size", example: "it as 512B, 16KiB or 2GiB", allowed: "a size is from 0 to 1048576GiB" };

/// Splits `text` into its leading number and the unit after it.
fn split(text: &str, of: &Kind) -> Result<(f64, String), UnitError> {
    let Kind { what, example, allowed } = *of;
    let trimmed = text.trim();
    let end = trimmed
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | '_')))
        .unwrap_or(trimmed.len());
    let number = trimmed[..end].replace('_', "");
    let value: f64 =
        number.parse().map_err(|_| UnitError::NotAQuantity { text: text.to_owned(), what, example })?;
    if value < 0.0 || !value.is_finite() {
        return Err(UnitError::OutOfRange { text: text.to_owned(), allowed });
    }
    Ok((value, trimmed[end..].trim().to_owned()))
}

/// Parses a duration such as `5ms`, `1.5s`, `200us` or `2min`. A bare `0` is zero.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, UnitError> {
    let (value, unit) = split(text, &DURATION)?;
    let scale = match unit.as_str() {
        "ns" => 1e-9,
        "us" | "µs" | "μs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "" if value == 0.0 => 1.0,
        _ => {
            let (text, known) = (text.to_owned(), "ns, us, ms, s, min or h");
            return Err(if unit.is_empty() {
                UnitError::NoUnit { text, known }
            } else {
                UnitError::UnknownUnit { text, unit, known }
            });
        }
    };
    let duration = Duration::try_from_secs_f64(value * scale).ok();
    let allowed = DURATION.allowed;
    duration
        .filter(|duration| *duration <= MAX_DURATION)
        .ok_or_else(|| UnitError::OutOfRange { text: text.to_owned(), allowed })
}

/// Parses a size in bytes such as `512`, `16KiB`, `1.5MB` or `2GiB`.
pub(crate) fn parse_bytes(text: &str) -> Result<u64, UnitError> {
    let (value, unit) = split(text, &SIZE)?;
    let scale: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" => 1e3,
        "mb" => 1e6,
        "gb" => 1e9,
        "k" | "kib" => 1024.0,
        "m" | "mib" => 1024.0 * 1024.0,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => {
            return Err(UnitError::UnknownUnit {
                text: text.to_owned(),
                unit,
                known: "B, KiB, MiB, GiB, KB, MB or GB",
            });
        }
    };
    let bytes = value * scale;
    if bytes > MAX_BYTES as f64 {
        return Err(UnitError::OutOfRange { text: text.to_owned(), allowed: SIZE.allowed });
    }
    Ok(bytes.round() as u64)
}

/// Formats with three significant digits and no trailing noise: `1.23`, `12.3`, `123`.
fn three_digits(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude >= 99.95 {
        format!("{value:.0}")
    } else if magnitude >= 9.995 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// A time in seconds, printed in the unit that fits: `1.90 ms`, `44.0 ms`, `2.10 s`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Seconds(pub f64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0;
        let magnitude = s.abs();
        let text = if s == 0.0 {
            "0 s".to_owned()
        } else if magnitude < 0.999_5e-6 {
            format!("{} ns", three_digits(s * 1e9))
        } else if magnitude < 0.999_5e-3 {
            format!("{} µs", three_digits(s * 1e6))
        } else if magnitude < 0.999_5 {
            format!("{} ms", three_digits(s * 1e3))
        } else if magnitude < 120.0 {
            format!("{} s", three_digits(s))
        } else {
            format!("{} min", three_digits(s / 60.0))
        };
        f.pad(&text)
    }
}

impl From<Duration> for Seconds {
    fn from(d: Duration) -> Self {
        Seconds(d.as_secs_f64())
    }
}

/// A size in bytes, printed in binary units: `512 B`, `16.0 KiB`, `19.2 MiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let mut value = self.0 as f64;
        let mut unit = 0;
        while value >= 1023.5 && unit + 1 < UNITS.len() {
            value /= 1024.0;
            unit += 1;
        }
        let text = if unit == 0 {
            format!("{} B", self.0)
        } else {
            format!("{} {}", three_digits(value), UNITS[unit])
        };
        f.pad(&text)
    }
}

/// A rate per second, with a space between thousands: `0.43`, `22.1`, `1 240`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct PerSecond(pub f64);

impl fmt::Display for PerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = if self.0.abs() < 999.5 { three_digits(self.0) } else { thousands(self.0) };
        f.pad(&text)
    }
}

/// A share between 0 and 1, printed as a percentage: `4%`, `0.4%`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Share(pub f64);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let percent = self.0 * 100.0;
        let text =
            if percent > 0.0 && percent < 0.95 { format!("{percent:.1}%") } else { format!("{percent:.0}%") };
        f.pad(&text)
    }
}

/// Formats a number rounded to an integer, with a space between thousands.
fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0.0 {
        out.push('-');
    }
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_parse_in_every_unit() {
        assert_eq!(parse_duration("5ms"), Ok(Duration::from_millis(5)));
        assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("200 us"), Ok(Duration::from_micros(200)));
        assert_eq!(parse_duration("2min"), Ok(Duration::from_secs(120)));
        assert_eq!(parse_duration("0"), Ok(Duration::ZERO));
    }

    #[test]
    fn durations_without_a_unit_or_below_zero_are_refused() {
        assert!(matches!(parse_duration("5"), Err(UnitError::NoUnit { .. })));
        assert!(matches!(parse_duration("5 parsecs"), Err(UnitError::UnknownUnit { .. })));
        assert!(matches!(parse_duration("-5ms"), Err(UnitError::OutOfRange { .. })));
        assert!(matches!(parse_duration("soon"), Err(UnitError::NotAQuantity { .. })));
        assert!(matches!(parse_duration("1e400s"), Err(UnitError::UnknownUnit { .. })));
    }

    #[test]
    fn nothing_longer_than_a_year_or_larger_than_a_machine_is_a_quantity() {
        assert_eq!(parse_duration("8760h"), Ok(MAX_DURATION));
        for text in ["8761h", "9999999999999h", "5000000000000000h", "99999999999999999999999h"] {
            let error = parse_duration(text).expect_err(text).to_string();
            assert_eq!(error, format!("'{text}' is out of range: a duration is from 0 to 8760h, a year"));
        }
        assert_eq!(parse_bytes("1048576GiB"), Ok(MAX_BYTES));
        let error = parse_bytes("16000000000000MiB").expect_err("too large").to_string();
        assert!(error.ends_with("a size is from 0 to 1048576GiB"), "{error}");
    }

    #[test]
    fn any_seconds_are_a_duration() {
        assert_eq!(duration_of(1.5), Duration::from_millis(1500));
        for none in [-1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(duration_of(none), Duration::ZERO);
        }
        assert_eq!((duration_of(f64::INFINITY), duration_of(1e300)), (Duration::MAX, Duration::MAX));
    }

    #[test]
    fn sizes_tell_binary_from_decimal() {
        assert_eq!(parse_bytes("16KiB"), Ok(16 * 1024));
        assert_eq!(parse_bytes("16kB"), Ok(16_000));
        assert_eq!(parse_bytes("2GiB"), Ok(2 << 30));
        assert_eq!(parse_bytes("512"), Ok(512));
        assert!(matches!(parse_bytes("5ms"), Err(UnitError::UnknownUnit { .. })));
    }

    #[test]
    fn quantities_print_three_significant_digits() {
        assert_eq!(Seconds(0.0019).to_string(), "1.90 ms");
        assert_eq!(Seconds(0.9999).to_string(), "1.00 s");
        assert_eq!(Seconds(42e-9).to_string(), "42.0 ns");
        assert_eq!(Bytes(19 << 20).to_string(), "19.0 MiB");
        assert_eq!(PerSecond(1240.4).to_string(), "1 240");
        assert_eq!(PerSecond(1_234_567.0).to_string(), "1 234 567");
        assert_eq!(Share(0.04).to_string(), "4%");
    }
}
