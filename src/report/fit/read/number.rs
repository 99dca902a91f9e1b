//! Numbers as people and tools write them: `14.3k`, `1,234.5`, `12,5`, `748868.53 req/s`, `350ms`.

/// The mark before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decimal {
    /// 1,234.5
    Point,
    /// 1.234,5
    Comma,
    /// Nothing in the file decides whether 1,234 is more than a thousand.
    Unknown,
}

/// The content of a field.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Reading {
    /// A number; with its magnitude applied, so that 14.3k is 14300.
    Number(Quantity),
    /// Nothing was measured: empty, `N/A`, `-`, `nan`.
    Missing,
    /// A number such as 1,234 in a file where the comma may mean either.
    Ambiguous,
    /// Anything else.
    Text,
}

/// A number with its unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Quantity {
    /// The number: seconds for a time, a share for a percentage, and per second for a rate with a unit.
    pub(super) value: f64,
    /// The unit.
    pub(super) unit: Unit,
}

/// The unit that a field itself names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// None, or things that are counted.
    Plain,
    /// A time.
    Seconds,
    /// A percentage.
    Share,
}

/// Fields that say that there is no value.
const MISSING: &[&str] = &[
    "", "-", "--", "–", "—", "n/a", "na", "#n/a", "nan", "null", "none", "inf", "infinity", "#div/0!", "?",
    "*",
];

/// Characters between groups of three digits, next to the point and the comma.
const GROUPING: [char; 5] = [' ', '\u{a0}', '\u{202f}', '\'', '_'];

/// Units of time, in seconds.
const TIMES: &[(&str, f64)] = &[
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("μs", 1e-6),
    ("ms", 1e-3),
    ("msec", 1e-3),
    ("s", 1.0),
    ("sec", 1.0),
    ("secs", 1.0),
    ("second", 1.0),
    ("seconds", 1.0),
    ("m", 60.0),
    ("min", 60.0),
    ("h", 3600.0),
    ("hours", 3600.0),
];

/// Starts of units that a magnitude may stand before, as in krps or MB/s.
const AFTER_MAGNITUDE: &[&str] = &[" ", "/", "b", "rps", "req", "tps", "qps", "ops", "iops"];

/// Reads a field.
pub(super) fn read(text: &str, decimal: Decimal) -> Reading {
    let text = text.trim();
    if MISSING.contains(&text.to_lowercase().as_str()) {
        return Reading::Missing;
    }
    let (digits, rest) = text.split_at(end_of_digits(text));
    if !digits.contains(|c: char| c.is_ascii_digit()) {
        return Reading::Text;
    }
    let Some((factor, unit)) = unit(rest.trim()) else { return Reading::Text };
    match plain(digits.trim_end_matches([' ', '\u{a0}', '\u{202f}']), decimal) {
        Ok(Some(number)) => Reading::Number(Quantity { value: number * factor, unit }),
        Ok(None) => Reading::Text,
        Err(Unclear) => Reading::Ambiguous,
    }
}

/// Returns the number in a field; `None` if there is none.
pub(super) fn value(text: &str, decimal: Decimal) -> Option<f64> {
    match read(text, decimal) {
        Reading::Number(quantity) => Some(quantity.value),
        _ => None,
    }
}

/// Finds out which mark stands before decimals; `may_be_comma` if the comma separates no fields.
pub(super) fn decimal<'a>(fields: impl Iterator<Item = &'a str>, may_be_comma: bool) -> Decimal {
    if !may_be_comma {
        return Decimal::Point;
    }
    let mut unclear = false;
    for text in fields {
        let digits = &text.trim()[..end_of_digits(text.trim())];
        let marks: Vec<char> = digits.chars().filter(|c| [',', '.'].contains(c)).collect();
        let after = digits.rsplit([',', '.']).next().unwrap_or_default().trim().len();
        match marks.as_slice() {
            [] => {}
            [.., '.', ','] => return Decimal::Comma,
            [','] if after != 3 => return Decimal::Comma,
            [','] => unclear = true,
            ['.', '.', ..] => return Decimal::Comma,
            _ => return Decimal::Point,
        }
    }
    if unclear { Decimal::Unknown } else { Decimal::Point }
}

/// Returns the bytes at the start of `text` that may belong to a number.
fn end_of_digits(text: &str) -> usize {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let sign = text.len() - body.len();
    let is_inside = |c: char| c.is_ascii_digit() || c == '.' || c == ',' || GROUPING.contains(&c);
    let end = body.find(|c| !is_inside(c)).unwrap_or(body.len());
    let exponent = body[end..].strip_prefix(['e', 'E']).map_or(0, |rest| {
        let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
        let count = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if count == 0 { 0 } else { 1 + (rest.len() - digits.len()) + count }
    });
    sign + end + exponent
}

/// The comma of a number may mean either.
struct Unclear;

fn plain(digits: &str, decimal: Decimal) -> Result<Option<f64>, Unclear> {
    let (number, exponent) = digits.find(['e', 'E']).map_or((digits, ""), |at| digits.split_at(at));
    let point = match (number.rfind(','), number.rfind('.')) {
        (Some(comma), Some(dot)) => Some(comma.max(dot)),
        (Some(comma), None) => comma_as_point(number, comma, decimal)?,
        (None, Some(dot)) => dot_as_point(number, dot, decimal),
        (None, None) => None,
    };
    let (whole, decimals) = point.map_or((number, ""), |at| (&number[..at], &number[at + 1..]));
    let Some(whole) = ungrouped(whole) else { return Ok(None) };
    Ok(format!("{whole}.{decimals}0{exponent}").parse().ok())
}

/// Returns the comma if decimals follow it; `None` if it groups digits.
fn comma_as_point(number: &str, comma: usize, decimal: Decimal) -> Result<Option<usize>, Unclear> {
    let groups = number.matches(',').count() > 1;
    let three = number.len() - comma - 1 == 3 && comma > 0;
    match decimal {
        _ if groups => Ok(None),
        Decimal::Comma => Ok(Some(comma)),
        Decimal::Unknown if three => Err(Unclear),
        _ if three => Ok(None),
        _ => Ok(Some(comma)),
    }
}

fn dot_as_point(number: &str, dot: usize, decimal: Decimal) -> Option<usize> {
    let groups = number.matches('.').count() > 1;
    let three = number.len() - dot - 1 == 3;
    (!(groups || decimal == Decimal::Comma && three)).then_some(dot)
}

/// Returns the digits without the marks between groups of three; `None` if the groups are of other sizes.
fn ungrouped(whole: &str) -> Option<String> {
    let is_mark = |c: char| c == ',' || c == '.' || GROUPING.contains(&c);
    let mut groups = whole.split(is_mark);
    let mut digits = groups.next()?.to_owned();
    for group in groups {
        if group.len() != 3 {
            return None;
        }
        digits += group;
    }
    Some(if digits.is_empty() { "0".to_owned() } else { digits })
}

/// Returns the factor and the unit of what follows a number; `None` if it is no unit.
fn unit(text: &str) -> Option<(f64, Unit)> {
    let lower = text.to_lowercase();
    if text.is_empty() || text.starts_with(['(', '[', '±']) {
        return Some((1.0, Unit::Plain));
    }
    if let Some(rest) = text.strip_prefix('%') {
        return (!rest.contains(|c: char| c.is_ascii_digit())).then_some((0.01, Unit::Share));
    }
    if let Some((_, seconds)) = TIMES.iter().find(|(name, _)| *name == lower) {
        return Some((*seconds, Unit::Seconds));
    }
    let (magnitude, rest) = magnitude(text);
    let rest = rest.split(['(', '[']).next().unwrap_or_default();
    let is_unit = !rest.contains(|c: char| !(c.is_alphabetic() || " /.#-_".contains(c)));
    is_unit.then(|| (magnitude / period(&rest.to_lowercase()), Unit::Plain))
}

/// Returns the factor that a magnitude stands for, and what follows it.
fn magnitude(text: &str) -> (f64, &str) {
    let mut rest = text.chars();
    let power = match rest.next() {
        Some('k' | 'K') => 1,
        Some('M') => 2,
        Some('G') => 3,
        Some('T') => 4,
        _ => return (1.0, text),
    };
    let rest = rest.as_str();
    let (base, rest) = rest.strip_prefix('i').map_or((1000.0_f64, rest), |rest| (1024.0, rest));
    let lower = rest.to_lowercase();
    let is_magnitude = rest.is_empty() || AFTER_MAGNITUDE.iter().any(|unit| lower.starts_with(unit));
    if is_magnitude { (base.powi(power), rest) } else { (1.0, text) }
}

/// Returns the seconds that a rate with this unit is counted over.
pub(super) fn period(unit: &str) -> f64 {
    let after =
        unit.rsplit_once('/').or_else(|| unit.rsplit_once("per ")).map_or("", |(_, after)| after.trim());
    match after {
        "min" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_spelling_are_read() {
        for (text, expected) in [
            ("20.5", 20.5),
            ("14.3k", 14_300.0),
            ("14.3 k", 14_300.0),
            ("1.5M req/s", 1.5e6),
            ("12 krps", 12_000.0),
            ("1,234", 1234.0),
            ("1,234,567.8", 1_234_567.8),
            ("1 234.5", 1234.5),
            ("1'234", 1234.0),
            ("1_000", 1000.0),
            ("12,5", 12.5),
            ("1.234,5", 1234.5),
            ("748868.53 [#/sec] (mean)", 748_868.53),
            ("8 threads", 8.0),
            ("1.2e3", 1200.0),
            ("5E+2/s", 500.0),
            ("90/min", 1.5),
            (".5", 0.5),
            ("2KiB/s", 2048.0),
            ("350ms", 0.35),
            ("12%", 0.12),
            ("1.204 ± 0.03", 1.204),
        ] {
            let number = value(text, Decimal::Point).unwrap_or_else(|| panic!("{text}"));
            assert!((number / expected - 1.0).abs() < 1e-12, "{text}: {number}");
        }
        assert_eq!(value("1.234", Decimal::Comma), Some(1234.0));
        assert_eq!(value("1,234", Decimal::Comma), Some(1.234));
    }

    #[test]
    fn what_is_no_number_is_told_apart() {
        for text in ["", "N/A", "-", "NaN", "#DIV/0!", " null "] {
            assert_eq!(read(text, Decimal::Point), Reading::Missing, "{text}");
        }
        for text in ["many", "2024-03-01", "12:30", "1,23,4", "4x2", "é", "12.3.4.5", "0.5% (3)"] {
            assert_eq!(read(text, Decimal::Point), Reading::Text, "{text}");
        }
        assert_eq!(read("1,234", Decimal::Unknown), Reading::Ambiguous);
    }

    #[test]
    fn the_decimal_mark_is_that_of_the_file() {
        let of = |fields: &[&str]| decimal(fields.iter().copied(), true);
        assert_eq!(of(&["1", "20,5"]), Decimal::Comma);
        assert_eq!(of(&["1", "1.234,5"]), Decimal::Comma);
        assert_eq!(of(&["1", "1,234", "20.5"]), Decimal::Point);
        assert_eq!(of(&["1", "1,234"]), Decimal::Unknown);
        assert_eq!(of(&["1", "20"]), Decimal::Point);
        assert_eq!(decimal(["20,5"].into_iter(), false), Decimal::Point);
    }
}
