//! Literals and expressions, laid out as rustfmt does.

use std::time::Duration;

use unicode_width::UnicodeWidthStr;

use crate::snippets::wording::grouped;

/// Maximum number of columns of a line.
const MAX_LINE: usize = 100;

/// Maximum number of columns of a chain of calls, and of the items of a list, on one line.
const MAX_PART: usize = 60;

/// Number of columns up to which rustfmt puts several items of a list on a line.
const SHORT_ITEM: usize = 10;

/// Returns a string literal.
pub(super) fn literal(text: &str) -> String {
    format!("{text:?}")
}

/// Returns `let name = ` with a chain of calls; every link after the first starts with a dot.
pub(super) fn chain(name: &str, links: &[String]) -> String {
    let (start, whole) = (format!("    let {name} = "), links.concat());
    let line = format!("{start}{whole};");
    let first = format!("{start}{}", links[0]);
    if columns(&first) + 4 > MAX_LINE {
        // rustfmt would move the program to a line of its own.
        return format!("    #[rustfmt::skip]\n{start}{};", links.join("\n        "));
    }
    if columns(&whole) <= MAX_PART && columns(&line) <= MAX_LINE && !whole.contains('\n') {
        return line;
    }
    format!("{start}{};", links.join("\n        "))
}

/// Returns the link of a chain that adds an argument, on three lines if it is too long for one.
///
/// What is too long even so rustfmt leaves alone, with the whole chain.
pub(super) fn argument(expression: &str) -> String {
    let line = format!(".arg({expression})");
    let inner = expression.strip_prefix("format!(").and_then(|rest| rest.strip_suffix(')'));
    // The inner line is indented by 12; a comma follows a literal, but not the only argument of a macro.
    let (broken, inner_columns) = match inner {
        Some(text) => (format!(".arg(format!(\n            {text}\n        ))"), columns(text) + 12),
        None => (format!(".arg(\n            {expression},\n        )"), columns(expression) + 13),
    };
    let is_long = columns(&line) + 8 > MAX_LINE || (inner.is_some() && columns(expression) > MAX_PART);
    if is_long && inner_columns <= MAX_LINE { broken } else { line }
}

/// Returns a constant array of strings.
pub(super) fn array(name: &str, items: &[String]) -> String {
    let literals: Vec<_> = items.iter().map(|item| literal(item)).collect();
    let (start, line) = (format!("const {name}: [&str; {}] = ", items.len()), literals.join(", "));
    if columns(&line) <= MAX_PART - 6 {
        return format!("{start}[{line}];\n");
    }
    // rustfmt puts short items side by side, and breaks lists somewhere near the maximum.
    let are_short = literals.iter().all(|item| columns(item) <= SHORT_ITEM);
    let skip = if are_short || columns(&line) <= MAX_PART + 6 || items.len() == 1 {
        "#[rustfmt::skip]\n"
    } else {
        ""
    };
    let lines: String = literals.iter().map(|item| format!("    {item},\n")).collect();
    format!("{skip}{start}[\n{lines}];\n")
}

/// Returns a duration in its largest unit without a fraction.
pub(super) fn duration(time: Duration) -> String {
    let nanos = time.as_nanos();
    let units = [("secs", 1_000_000_000), ("millis", 1_000_000), ("micros", 1_000), ("nanos", 1)];
    let (unit, size) =
        units.into_iter().find(|(_, size)| nanos.is_multiple_of(*size)).unwrap_or(("nanos", 1));
    format!("Duration::from_{unit}({})", grouped(nanos / size))
}

fn columns(text: &str) -> usize {
    text.width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_its_largest_unit() {
        let of = |micros| duration(Duration::from_micros(micros));
        assert_eq!(of(2_000_000), "Duration::from_secs(2)");
        assert_eq!(of(1_500_000), "Duration::from_millis(1_500)");
        assert_eq!(of(1_001), "Duration::from_micros(1_001)");
        assert_eq!(duration(Duration::from_nanos(1)), "Duration::from_nanos(1)");
    }

    #[test]
    fn text_becomes_a_literal_whatever_is_in_it() {
        assert_eq!(literal("a\"b\\c\n{}"), r#""a\"b\\c\n{}""#);
    }
}
