//! Reads single TOML values: one function per type of value, each with its own complaint.

use std::ops::{Range, RangeInclusive};
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use crate::characters::{is_control, shortened};
use crate::diagnostics::Code;
use crate::units::{Bytes, MAX_BYTES, parse_bytes, parse_duration};
use crate::workload::input::suggest::hint;
use crate::workload::template::PLACEHOLDER;

/// Longest part of a wrong word that a message repeats, in characters.
const MAX_SHOWN_CHARS: usize = 100;

/// Rates that can be set, per second: at the lowest, a run of an hour starts four tasks.
pub(crate) const RATES: RangeInclusive<f64> = 0.001..=1e9;

/// Largest number of tasks: each has a number, a place in an order, and a share of 2⁶⁴ to be mixed in.
pub(crate) const MAX_TASKS: u64 = 1_000_000_000_000;

/// A value with the place it is written at.
pub(super) type Value<'d> = Spanned<DeValue<'d>>;

/// The error in a value: the words that follow the name of its key.
#[derive(Debug)]
pub(super) struct ValueError {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) span: Option<Range<usize>>,
}

impl ValueError {
    /// Makes an invalid value.
    pub(super) fn new(message: impl Into<String>) -> Self {
        ValueError { code: Code::WorkloadValue, message: message.into(), help: None, span: None }
    }

    /// Adds advice on what to write instead.
    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Changes the kind of error.
    pub(super) fn with_code(mut self, code: Code) -> Self {
        self.code = code;
        self
    }

    /// Points at a part of the value.
    pub(super) fn at(mut self, span: Range<usize>) -> Self {
        self.span = Some(span);
        self
    }
}

/// Returns a type of TOML with its article.
pub(super) fn described(value: &DeValue<'_>) -> String {
    let name = value.type_str();
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {name}")
}

fn wrong_type(wanted: &str, value: &Value<'_>) -> ValueError {
    ValueError::new(format!("must be {wanted}, not {}", described(value.get_ref())))
}

/// Returns a string, perhaps empty.
pub(super) fn any_text(value: &Value<'_>) -> Result<String, ValueError> {
    value.get_ref().as_str().map(str::to_owned).ok_or_else(|| wrong_type("a string", value))
}

/// Returns a string with something in it.
pub(super) fn text(value: &Value<'_>) -> Result<String, ValueError> {
    let text = any_text(value)?;
    if text.trim().is_empty() { Err(ValueError::new("must not be empty")) } else { Ok(text) }
}

/// Returns a string that fits in a table: one line, nothing that moves the cursor.
pub(super) fn line(value: &Value<'_>) -> Result<String, ValueError> {
    let text = text(value)?;
    if text.chars().any(is_control) {
        return Err(ValueError::new("must be one line without control characters"));
    }
    Ok(text)
}

/// Returns a string that is the same for every item; `why` completes "`{item}` cannot stand here: ".
pub(super) fn constant(why: &'static str) -> impl Fn(&Value<'_>) -> Result<String, ValueError> {
    move |value| {
        let text = text(value)?;
        if text.contains(PLACEHOLDER) {
            return Err(ValueError::new(format!("must not contain {PLACEHOLDER}")).with_help(why));
        }
        Ok(text)
    }
}

/// Returns a list of strings, none of them empty.
pub(super) fn texts(value: &Value<'_>) -> Result<Vec<String>, ValueError> {
    let array = value.get_ref().as_array().ok_or_else(|| wrong_type("a list of strings", value))?;
    array
        .iter()
        .map(|element| {
            text(element).map_err(|wrong| ValueError {
                message: format!("has an element that {}", wrong.message),
                ..wrong.at(element.span())
            })
        })
        .collect()
}

/// Returns a Boolean: `true` or `false`.
pub(super) fn flag(value: &Value<'_>) -> Result<bool, ValueError> {
    value.get_ref().as_bool().ok_or_else(|| {
        let wrong = wrong_type("true or false", value);
        match value.get_ref().as_str() {
            Some("true" | "false") => wrong.with_help("leave out the quotes"),
            _ => wrong,
        }
    })
}

/// Returns a whole number of at least 0 that fits in a `T`.
pub(super) fn whole<T: TryFrom<i128>>(value: &Value<'_>) -> Result<T, ValueError> {
    at_least(0, value)
}

/// Returns a reader of a whole number from `least` to `most`.
pub(super) fn whole_within<T: TryFrom<i128>>(
    least: u32,
    most: u32,
) -> impl Fn(&Value<'_>) -> Result<T, ValueError> {
    move |value| {
        let number: i128 = at_least(i128::from(least), value)?;
        let refused = || ValueError::new(format!("must be at most {most}, not {number}"));
        T::try_from(number).ok().filter(|_| number <= i128::from(most)).ok_or_else(refused)
    }
}

/// Returns a number of tasks.
pub(super) fn tasks(value: &Value<'_>) -> Result<u64, ValueError> {
    let number: u64 = count(value)?;
    if number > MAX_TASKS {
        return Err(ValueError::new(format!("must be at most {MAX_TASKS}, not {number}")));
    }
    Ok(number)
}

/// Returns a reader of a size of at most `most` bytes.
pub(super) fn bytes_within(most: u64) -> impl Fn(&Value<'_>) -> Result<u64, ValueError> {
    move |value| {
        let size = bytes(value)?;
        let refused = || ValueError::new(format!("must be at most {}, not {}", Bytes(most), Bytes(size)));
        if size > most { Err(refused()) } else { Ok(size) }
    }
}

/// Returns a whole number of at least 1 that fits in a `T`.
pub(super) fn count<T: TryFrom<i128>>(value: &Value<'_>) -> Result<T, ValueError> {
    at_least(1, value)
}

fn at_least<T: TryFrom<i128>>(least: i128, value: &Value<'_>) -> Result<T, ValueError> {
    let Some(integer) = value.get_ref().as_integer() else {
        return Err(wrong_type("a whole number", value));
    };
    let out_of_range = || ValueError::new(format!("is out of range: {integer}"));
    let number = i128::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| out_of_range())?;
    if number < least {
        return Err(ValueError::new(format!("must be at least {least}, not {number}")));
    }
    T::try_from(number).map_err(|_| out_of_range())
}

/// Returns a number, whole or not; `inf` and `nan` are numbers too.
fn number(value: &Value<'_>) -> Result<f64, ValueError> {
    let text = match value.get_ref() {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str(),
        DeValue::Float(float) => float.as_str(),
        _ => return Err(wrong_type("a number", value)),
    };
    text.parse().map_err(|_| wrong_type("a number", value))
}

/// Returns a rate per second that a run can see.
pub(super) fn rate(value: &Value<'_>) -> Result<f64, ValueError> {
    let rate = number(value)?;
    if RATES.contains(&rate) {
        Ok(rate)
    } else {
        let (least, most) = (RATES.start(), RATES.end());
        Err(ValueError::new(format!("must be from {least} to {most} per second, not {rate}")))
    }
}

/// Returns a share from 0 to 1.
pub(super) fn share(value: &Value<'_>) -> Result<f64, ValueError> {
    let share = number(value)?;
    if (0.0..=1.0).contains(&share) {
        return Ok(share);
    }
    let wrong = ValueError::new(format!("must be from 0 to 1, not {share}"));
    Err(if share > 1.0 && share <= 100.0 {
        wrong.with_help(format!("write {share}% as {}", share / 100.0))
    } else {
        wrong
    })
}

/// Returns a duration of at least 0.
pub(super) fn duration(value: &Value<'_>) -> Result<Duration, ValueError> {
    match value.get_ref() {
        DeValue::String(text) => {
            parse_duration(text).map_err(|error| ValueError::new(format!("is not valid: {error}")))
        }
        DeValue::Integer(integer) => Err(wrong_type("a duration", value)
            .with_help(format!("write it in quotes and with a unit, such as \"{integer}ms\""))),
        _ => Err(wrong_type("a duration such as \"5ms\"", value)),
    }
}

/// Returns a duration above 0.
pub(super) fn positive_duration(value: &Value<'_>) -> Result<Duration, ValueError> {
    let duration = duration(value)?;
    if duration.is_zero() { Err(ValueError::new("must be longer than 0")) } else { Ok(duration) }
}

/// Returns a size in bytes: a string with a unit, or a whole number.
pub(super) fn bytes(value: &Value<'_>) -> Result<u64, ValueError> {
    match value.get_ref() {
        DeValue::String(text) => {
            parse_bytes(text).map_err(|error| ValueError::new(format!("is not valid: {error}")))
        }
        DeValue::Integer(_) => {
            let bytes = whole(value)?;
            let refused = || ValueError::new(format!("must be at most {}, not {bytes}", Bytes(MAX_BYTES)));
            if bytes > MAX_BYTES { Err(refused()) } else { Ok(bytes) }
        }
        _ => Err(wrong_type("a size such as \"16KiB\"", value)),
    }
}

/// Returns a size of at least one byte.
pub(super) fn positive_bytes(value: &Value<'_>) -> Result<u64, ValueError> {
    let bytes = bytes(value)?;
    if bytes == 0 { Err(ValueError::new("must be larger than 0")) } else { Ok(bytes) }
}

/// Returns a reader of one of several words, each with a meaning.
pub(super) fn choice<T: Clone>(
    choices: &[(&'static str, T)],
) -> impl Fn(&Value<'_>) -> Result<T, ValueError> {
    move |value| {
        let word = text(value)?;
        let found = choices.iter().find(|(name, _)| *name == word);
        found.map(|(_, meaning)| meaning.clone()).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
            let shown = shortened(&word, MAX_SHOWN_CHARS);
            ValueError::new(format!("cannot be '{shown}'")).with_help(hint(&word, "it is one of", &names))
        })
    }
}
