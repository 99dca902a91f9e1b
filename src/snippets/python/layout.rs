//! Lines of Python, broken as `ruff format` breaks them.

/// Maximum number of characters in a line, the default of `ruff format`.
pub(super) const MAX_LINE_CHARS: usize = 88;

/// Spaces of one level.
const INDENT: &str = "    ";

/// Returns `prefix` and a call of the first word with the others as arguments.
pub(super) fn call(prefix: &str, words: &[String], suffix: &str) -> String {
    let (function, arguments) = words.split_first().expect("a call names a function");
    bracketed(&format!("{prefix}{function}("), arguments, &format!("){suffix}"), false)
}

/// Returns `prefix` and a list.
pub(in crate::snippets) fn list(prefix: &str, words: &[String]) -> String {
    bracketed(&format!("{prefix}["), words, "]", words.len() > 1)
}

/// Returns the lines that import some names from a module; a name that is changed has a line of its own.
pub(super) fn import(module: &str, names: &[String]) -> String {
    let (changed, mut kept): (Vec<&String>, Vec<&String>) =
        names.iter().partition(|name| name.contains(" as "));
    kept.sort_by_key(|name| (rank(name), *name));
    let mut groups: Vec<_> = [kept].into_iter().chain(changed.into_iter().map(|name| vec![name])).collect();
    groups.retain(|group| !group.is_empty());
    groups.sort_by_key(|group| (rank(group[0]), group[0]));
    groups.iter().map(|group| import_line(module, group)).collect()
}

/// Returns the rank of a name in an import: constants, then classes, then the others.
fn rank(name: &str) -> u8 {
    let has_lower_case = name.chars().any(char::is_lowercase);
    match name.chars().next() {
        Some(first) if first.is_uppercase() => u8::from(has_lower_case),
        _ => 2,
    }
}

fn import_line(module: &str, names: &[&String]) -> String {
    let joined = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let line = format!("from {module} import {joined}");
    if fits(&line) {
        return line + "\n";
    }
    let each: String = names.iter().map(|name| format!("{INDENT}{name},\n")).collect();
    format!("from {module} import (\n{each})\n")
}

/// Returns words in brackets: on one line, else on a line between the brackets, else one on each line;
/// `is_collection` skips the second form.
fn bracketed(opening: &str, words: &[String], closing: &str, is_collection: bool) -> String {
    let joined = words.join(", ");
    let line = format!("{opening}{joined}{closing}");
    if fits(&line) || words.is_empty() {
        return line;
    }
    let indent: String = opening.chars().take_while(|c| *c == ' ').collect();
    let between = format!("{indent}{INDENT}{joined}");
    if !is_collection && fits(&between) {
        return format!("{opening}\n{between}\n{indent}{closing}");
    }
    let each: String = words.iter().map(|word| format!("{indent}{INDENT}{word},\n")).collect();
    format!("{opening}\n{each}{indent}{closing}")
}

fn fits(line: &str) -> bool {
    unicode_width::UnicodeWidthStr::width(line) <= MAX_LINE_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(count: usize) -> Vec<String> {
        (0..count).map(|i| format!("argument_{i}")).collect()
    }

    #[test]
    fn a_call_is_broken_only_where_it_is_too_long() {
        assert_eq!(call("    return ", &words(3), ""), "    return argument_0(argument_1, argument_2)");
        let broken = call("    return ", &words(7), "");
        assert!(
            broken.starts_with("    return argument_0(\n        argument_1, ")
                && broken.ends_with("6\n    )")
        );
        let exploded = call("", &words(12), ".x");
        assert!(exploded.ends_with("    argument_11,\n).x"), "{exploded}");
    }

    #[test]
    fn a_list_that_is_too_long_has_one_item_on_each_line() {
        assert_eq!(list("items = ", &words(2)), "items = [argument_0, argument_1]");
        let broken = list("    items = ", &words(7));
        assert!(broken.starts_with("    items = [\n        argument_0,\n") && broken.ends_with(",\n    ]"));
    }

    #[test]
    fn an_import_that_is_too_long_is_bracketed() {
        assert_eq!(import("tasks", &words(2)), "from tasks import argument_0, argument_1\n");
        assert!(import("tasks", &words(7)).ends_with("    argument_6,\n)\n"));
        let changed = ["b as c", "a"].map(str::to_owned);
        assert_eq!(import("m", &changed), "from m import a\nfrom m import b as c\n");
    }
}
