//! A command with `{width}` in it.

use crate::diagnostics::Code;
use crate::flag::parameters::Parameters;
use crate::workload::input::{InputError, closest};
use crate::workload::template::PLACEHOLDER;

/// Names that stand in braces for a number.
const NUMBERS: [&str; 2] = ["width", "processes"];

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Width,
    Processes,
    Listed,
    Item,
}

/// A command with places for numbers, a listed value and an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CommandTemplate {
    words: Vec<Vec<Part>>,
    /// True if the third word is a line for `sh`.
    is_shell: bool,
}

impl CommandTemplate {
    /// Reads the words of a command; `list` is the name of the listed parameter.
    ///
    /// # Errors
    /// When a word has a name in braces that is not known, or the listed name is nowhere.
    pub(crate) fn parse(argv: &[String], list: Option<&str>) -> Result<Self, InputError> {
        let words = argv.iter().map(|word| parts(word, list)).collect::<Result<Vec<_>, _>>()?;
        let is_shell = matches!(argv, [sh, c, _, ..] if sh == "sh" && c == "-c");
        let template = CommandTemplate { words, is_shell };
        if let Some(name) = list.filter(|_| !template.has(&Part::Listed)) {
            let error = InputError::new(Code::WorkloadValue, format!("the command has no {{{name}}}"));
            return Err(error.with_help(format!("write {{{name}}} where its values belong, or leave out -L")));
        }
        if !template.has(&Part::Width) {
            let wrong =
                if template.has(&Part::Processes) { "{processes}, but no {width}" } else { "no {width}" };
            let error = InputError::new(Code::WorkloadValue, format!("the command has {wrong}"));
            return Err(error.with_help("write {width} where the number belongs, as in `make -j{width}`"));
        }
        Ok(template)
    }

    fn has(&self, part: &Part) -> bool {
        self.words.iter().flatten().any(|known| known == part)
    }

    /// Returns true if the command has `{processes}` beside `{width}`.
    pub(crate) fn has_processes(&self) -> bool {
        self.has(&Part::Processes)
    }

    /// Returns true if the command differs from item to item.
    pub(crate) fn has_item(&self) -> bool {
        self.has(&Part::Item)
    }

    /// Returns the words of the command with values in the places.
    pub(crate) fn argv(&self, parameters: &Parameters, item: Option<&str>) -> Vec<String> {
        let word = |(i, parts): (usize, &Vec<Part>)| {
            let is_line = self.is_shell && i == 2;
            parts.iter().map(|part| rendered(part, parameters, item, is_line)).collect::<String>()
        };
        self.words.iter().enumerate().map(word).collect()
    }

    /// Returns the command as a line for a shell; an item stays `{}`.
    pub(crate) fn line(&self, parameters: &Parameters) -> String {
        let argv = self.argv(parameters, Some("{}"));
        match &argv[..] {
            [_, _, line, ..] if self.is_shell => line.replace("\"${1}\"", "{}").replace("${1}", "{}"),
            words => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
        }
    }
}

/// Returns a word as a shell reads it; words that need no quotes get none.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), |quoted| quoted.into_owned())
}

fn rendered(part: &Part, parameters: &Parameters, item: Option<&str>, is_line: bool) -> String {
    match part {
        Part::Text(text) => text.clone(),
        Part::Width => parameters.width.to_string(),
        Part::Processes => parameters.processes.unwrap_or(1).to_string(),
        Part::Listed => {
            let value = parameters.value.as_deref().unwrap_or_default();
            // In a line for a shell a value is one word, never syntax.
            let quoted = shlex::try_quote(value).ok().filter(|_| is_line);
            quoted.map_or_else(|| value.to_owned(), |quoted| quoted.into_owned())
        }
        Part::Item => item.unwrap_or_default().to_owned(),
    }
}

/// Returns true if a word of the command has a place for a number.
pub(crate) fn has_numbers(argv: &[String]) -> bool {
    let is_number = |name: Braces<'_>| matches!(name, Braces::Name(name) if NUMBERS.contains(&name));
    argv.iter().any(|word| pieces(word).into_iter().any(is_number))
}

/// Returns a misspelt name in braces, and what was probably meant.
pub(crate) fn misspelt(argv: &[String]) -> Option<(String, &'static str)> {
    let names = argv.iter().flat_map(|word| pieces(word)).filter_map(|piece| match piece {
        Braces::Name(name) if !NUMBERS.contains(&name) => Some(name),
        _ => None,
    });
    names.filter_map(|name| Some((name.to_owned(), closest(name, NUMBERS)?))).next()
}

/// Returns the words of a command that has no places, with `{{width}}` as `{width}`.
pub(crate) fn literal(argv: &[String]) -> Vec<String> {
    let word = |word: &String| {
        NUMBERS
            .iter()
            .fold(word.clone(), |word, name| word.replace(&format!("{{{{{name}}}}}"), &format!("{{{name}}}")))
    };
    argv.iter().map(word).collect()
}

/// A piece of a word, by its braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Braces<'a> {
    /// Text outside of braces.
    Text(&'a str),
    /// A name in single braces.
    Name(&'a str),
    /// A name in double braces.
    Literal(&'a str),
}

/// Splits a word at names in braces; other braces are text.
fn pieces(word: &str) -> Vec<Braces<'_>> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(found) = word[at..].find('{').map(|found| at + found) {
        let rest = &word[found..];
        let piece = match (name_in(rest, "{{", "}}"), name_in(rest, "{", "}")) {
            (Some(name), _) => Some((Braces::Literal(name), name.len() + 4)),
            (None, Some(name)) => Some((Braces::Name(name), name.len() + 2)),
            (None, None) => None,
        };
        match piece {
            // `${name}` is a variable of a shell.
            Some((piece, length)) if !word[..found].ends_with('$') => {
                pieces.push(Braces::Text(&word[begin..found]));
                pieces.push(piece);
                begin = found + length;
                at = begin;
            }
            _ => at = found + 1,
        }
    }
    pieces.push(Braces::Text(&word[begin..]));
    pieces
}

/// Returns the name between the braces that `text` begins with.
fn name_in<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let rest = text.strip_prefix(open)?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'))?;
    (end > 0 && rest[end..].starts_with(close)).then(|| &rest[..end])
}

/// Reads a word of a command that has places.
fn parts(word: &str, list: Option<&str>) -> Result<Vec<Part>, InputError> {
    let mut parts = Vec::new();
    // Programs for awk and lines for a shell have braces of their own.
    let is_code = word.contains(char::is_whitespace);
    for piece in pieces(word) {
        match piece {
            Braces::Text("") => {}
            Braces::Text(text) => parts.push(Part::Text(text.to_owned())),
            Braces::Literal(name) => parts.push(Part::Text(format!("{{{name}}}"))),
            Braces::Name("width") => parts.push(Part::Width),
            Braces::Name("processes") => parts.push(Part::Processes),
            Braces::Name(name) if list == Some(name) => parts.push(Part::Listed),
            Braces::Name(name) if PLACEHOLDER == format!("{{{name}}}") => parts.push(Part::Item),
            Braces::Name(name) => {
                let meant = closest(name, NUMBERS.into_iter().chain(list));
                if meant.is_none() && is_code {
                    parts.push(Part::Text(format!("{{{name}}}")));
                } else {
                    return Err(unknown(name, meant));
                }
            }
        }
    }
    Ok(parts)
}

fn unknown(name: &str, meant: Option<&str>) -> InputError {
    let error = InputError::new(Code::WorkloadValue, format!("'{{{name}}}' in the command is not known"));
    error.with_help(match meant {
        Some(meant) => format!("did you mean {{{meant}}}? {{{{{name}}}}} stands for the text itself"),
        None => format!("give its values by -L {name} a,b,c; {{{{{name}}}}} stands for the text itself"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        shlex::split(line).expect("closed quotes")
    }

    fn template(line: &str, list: Option<&str>) -> Result<CommandTemplate, InputError> {
        CommandTemplate::parse(&words(line), list)
    }

    fn at(line: &str, parameters: &Parameters) -> String {
        let list = parameters.value.as_ref().map(|_| "level");
        template(line, list).expect("a template").argv(parameters, Some("x")).join(" ")
    }

    #[test]
    fn numbers_and_values_take_their_places() {
        let both = Parameters { width: 4, processes: Some(2), value: Some("9".to_owned()) };
        assert_eq!(at("make -j{width} a{width}b", &Parameters::of_width(4)), "make -j4 a4b");
        assert_eq!(at("run -n {processes} -t{width} -{level}", &both), "run -n 2 -t4 -9");
        assert_eq!(at("gzip -p{width} {item}", &Parameters::of_width(3)), "gzip -p3 x");
        assert_eq!(at("echo {{width}} {width}", &Parameters::of_width(3)), "echo {width} 3");
        assert_eq!(at("sh -c 'make -j{width} ${x}'", &Parameters::of_width(3)), "sh -c make -j3 ${x}");
        assert_eq!(
            at("sh -c 'x {width} {level}'", &Parameters { value: Some("a b".into()), ..both }),
            "sh -c x 4 'a b'"
        );
    }

    #[test]
    fn a_name_that_is_not_known_is_refused_with_what_was_meant() {
        let refused = |line, list| template(line, list).expect_err("refused").to_string();
        assert!(refused("make -j{widht}", None).contains("did you mean {width}?"));
        assert!(refused("make -j{width} -O{level}", None).contains("-L level a,b,c"));
        assert!(refused("make -j{width}", Some("level")).contains("no {level}"));
        assert!(refused("make -j4", None).contains("no {width}"));
        assert!(refused("make -j{processes}", None).contains("but no {width}"));
        assert!(template("sh -c 'awk {print} x; make -j{width}'", None).is_ok());
        assert!(template("awk '{ print $1 }' {width}", None).is_ok());
    }

    #[test]
    fn a_command_without_numbers_keeps_its_braces() {
        assert!(has_numbers(&words("make -j{width}")) && has_numbers(&words("a 'b {processes} c'")));
        for line in ["make -j4", "echo {{width}}", "echo '${width}'", "echo { width }", "find -exec x {} +"] {
            assert!(!has_numbers(&words(line)), "{line}");
        }
        assert_eq!(literal(&words("echo {{width}} {{other}}")).join(" "), "echo {width} {{other}}");
        assert_eq!(misspelt(&words("make -j{with}")), Some(("with".to_owned(), "width")));
    }

    #[test]
    fn the_line_can_be_pasted() {
        let line = |text: &str| template(text, None).expect("a template").line(&Parameters::of_width(4));
        assert_eq!(line("make -j{width} 'a b'"), "make -j4 'a b'");
        assert_eq!(line("env OMP_NUM_THREADS={width} a.out"), "env OMP_NUM_THREADS=4 a.out");
        assert_eq!(line("sh -c 'make -j{width} | tail'"), "make -j4 | tail");
    }
}
