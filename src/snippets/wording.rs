//! Sentences and numbers that the programs of both languages share.

use std::time::Duration;

use crate::advice::verdict::Basis;
use crate::benchmark::Configuration;
use crate::snippets::shape::{Choice, TaskShape};
use crate::strategy::StrategyKind;
use crate::units::Seconds;

/// Maximum number of characters of a command line in a program.
const MAX_COMMAND_CHARS: usize = 300;

/// Returns the lines that say how the configuration was chosen, without the marks of a comment.
pub(super) fn provenance(cell: &Configuration, shape: &TaskShape) -> Vec<String> {
    let Some(choice) = &shape.choice else { return Vec::new() };
    let basis = match choice.basis {
        Basis::Measured => "measured",
        Basis::Predicted => "predicted",
    };
    let (class, cpus) = (choice.class.as_str(), choice.cpus);
    let plural = if cpus == 1.0 { "" } else { "s" };
    let how = format!(
        "{}: {basis} on {} for {class} work on {cpus} CPU{plural}, {} confidence.",
        configuration(cell, shape),
        choice.date,
        choice.confidence.as_str()
    );
    [Some(how), typed(choice)].into_iter().flatten().collect()
}

/// Returns a configuration in words.
fn configuration(cell: &Configuration, shape: &TaskShape) -> String {
    let unit = if shape.command.is_some() { "at a time" } else { "in flight" };
    match (cell.strategy, cell.processes) {
        (StrategyKind::Sequential, _) => cell.strategy.to_string(),
        (StrategyKind::Pipeline, _) => format!("{cell} workers"),
        (kind, Some(processes)) => format!("{kind}, {} {unit}, {processes} processes", cell.width),
        (kind, None) => format!("{kind}, {} {unit}", cell.width),
    }
}

/// Returns the command line as a shell would read it, on one line.
fn typed(choice: &Choice) -> Option<String> {
    if choice.command_line.is_empty() {
        return None;
    }
    let words = choice.command_line.iter().map(|word| match shlex::try_quote(word) {
        Ok(quoted) => quoted.into_owned(),
        Err(_) => word.clone(),
    });
    let line = format!("conc {}", words.collect::<Vec<_>>().join(" "));
    // A line break or an escape sequence would end the comment.
    let line: String = line.chars().flat_map(shown).collect();
    let is_cut = line.chars().count() > MAX_COMMAND_CHARS;
    let cut: String = line.chars().take(MAX_COMMAND_CHARS).collect();
    Some(if is_cut { format!("{cut} ...") } else { line })
}

/// Returns a character as it is, or escaped if it is no printable one.
fn shown(c: char) -> impl Iterator<Item = char> {
    let is_plain = matches!(c, '\'' | '"' | '\\') || c.escape_debug().len() == 1;
    let (plain, escaped) = if is_plain { (Some(c), None) } else { (None, Some(c.escape_debug())) };
    plain.into_iter().chain(escaped.into_iter().flatten())
}

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
    use crate::profile::result::{Class, Confidence};

    fn told(cell: &Configuration, words: &[&str], command: Option<Vec<String>>) -> Vec<String> {
        let choice = Choice {
            command_line: words.iter().map(|&word| word.to_owned()).collect(),
            date: "27 Nov 2026".to_owned(),
            class: Class::IoBound,
            basis: Basis::Measured,
            confidence: Confidence::High,
            cpus: 2.0,
        };
        provenance(cell, &TaskShape { choice: Some(choice), command, ..TaskShape::default() })
    }

    #[test]
    fn a_program_says_how_it_was_chosen() {
        let threads = Configuration::new(StrategyKind::Threads, 48);
        assert_eq!(
            told(&threads, &["advise", "tasks.py:fetch", "--items", "my urls.txt"], None),
            [
                "threads, 48 in flight: measured on 27 Nov 2026 for io-bound work on 2 CPUs, high confidence.",
                "conc advise tasks.py:fetch --items 'my urls.txt'",
            ]
        );
        let command = Some(vec!["true".to_owned()]);
        assert!(told(&threads, &[], command)[0].starts_with("threads, 48 at a time: "));
        assert!(
            told(&Configuration::hybrid(8, 2), &[], None)[0]
                .starts_with("hybrid, 8 in flight, 2 processes: ")
        );
        assert_eq!(told(&Configuration::REFERENCE, &[], None).len(), 1);
    }

    #[test]
    fn a_command_line_stays_on_its_line() {
        let nasty = told(&Configuration::REFERENCE, &["advise", "a\nb\u{1b}", "it's"], None);
        assert_eq!(nasty[1], "conc advise 'a\\nb\\u{1b}' \"it's\"");
        let long = told(&Configuration::REFERENCE, &["x"; 400], None);
        assert!(long[1].ends_with(" ...") && long[1].len() < 320, "{}", long[1]);
    }

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(44_000), "44_000");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1_234_567");
    }
}
