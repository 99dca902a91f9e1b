//! The text of an error as it was pasted: its lines, and the frames above each.

use serde::Serialize;

/// Parts of paths that belong to Python itself or to packages.
const FOREIGN: [&str; 9] = [
    "/lib/python3",
    "/lib64/python3",
    "\\lib\\",
    "site-packages",
    "dist-packages",
    "<frozen ",
    "/.cargo/registry/",
    "/rustc/",
    "/library/std/",
];

/// Marks in front of the lines of an exception group.
const GROUP_MARKS: [char; 4] = ['|', '+', '-', ' '];

/// A place in a program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub(crate) struct Place {
    /// The file, as the message names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The function; null if the message does not name it.
    pub function: Option<String>,
}

impl Place {
    /// Returns true if the place is in neither the standard library nor a package.
    fn is_users(&self) -> bool {
        !FOREIGN.iter().any(|part| self.file.to_lowercase().contains(part))
    }
}

/// A line of the text, without marks of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PastedLine<'a> {
    /// The text.
    pub(super) text: &'a str,
    /// True for a line of source below a frame.
    is_source: bool,
    /// The frames of the traceback that ends with this line, outermost first.
    pub(super) frames: Vec<Place>,
}

/// Returns the lines of a text that are no frames.
pub(super) fn read(text: &str) -> Vec<PastedLine<'_>> {
    let mut lines = Vec::new();
    let mut frames: Vec<Place> = Vec::new();
    for line in text.lines() {
        let line = line.trim_end();
        let bare = line.trim_start_matches(GROUP_MARKS);
        if bare.starts_with("Traceback (most recent call last)") {
            frames.clear();
        } else if let Some(frame) = python_frame(bare) {
            frames.push(frame);
        } else {
            frames.extend(place_in(bare));
            lines.push(PastedLine { text: bare, is_source: is_indented(line), frames: frames.clone() });
        }
    }
    lines
}

/// Returns the user's frame for a line: the innermost one that is in neither the standard library nor a package,
/// else that of another line.
pub(super) fn users_place(lines: &[PastedLine<'_>], at: usize) -> Option<Place> {
    let of = |line: &PastedLine<'_>| {
        // A line of source stands in the middle of its traceback.
        let frames = if line.is_source { &[][..] } else { &line.frames[..] };
        frames.iter().rev().find(|place| place.is_users()).cloned()
    };
    // What failed in a group is below it.
    let is_group = lines.get(at).is_some_and(|line| line.text.contains("ExceptionGroup: "));
    if is_group {
        return lines.iter().rev().find_map(of);
    }
    let own = lines.get(at).and_then(of);
    // The warning names a line, or another traceback of the text leads to the user's code.
    own.or_else(|| lines.iter().skip(at + 1).find_map(of)).or_else(|| lines.iter().rev().find_map(of))
}

/// Returns true for a line that is indented, below the bar of a group if it has one.
fn is_indented(line: &str) -> bool {
    let text = match line.trim_start().strip_prefix('|') {
        Some(text) => text.strip_prefix(' ').unwrap_or(text),
        None => line,
    };
    text.starts_with(' ')
}

/// Parses `File "app.py", line 3, in main`.
fn python_frame(line: &str) -> Option<Place> {
    let (file, rest) = line.strip_prefix("File \"")?.split_once("\", line ")?;
    let (number, function) = rest.split_once(", in ").map_or((rest, None), |(n, f)| (n, Some(f.to_owned())));
    Some(Place { file: file.to_owned(), line: number.trim().parse().ok()?, function })
}

/// Parses the place in `app.py:3: RuntimeWarning: ...`, in `created at app.py:3`, and in
/// `thread 'main' panicked at src/main.rs:3:5:`.
fn place_in(line: &str) -> Option<Place> {
    // Older compilers print the message first: panicked at 'message', src/main.rs:3:5.
    let without_message = |rest| str::rsplit_once(rest, "', ").map_or(rest, |(_, place)| place);
    let panicked = line.split_once("panicked at ").map(|(_, rest)| without_message(rest));
    let at = panicked.or_else(|| line.strip_prefix("at ")).unwrap_or(line);
    let (file, rest) = at.split_once(':')?;
    let line = rest.split(':').next()?.trim().parse().ok()?;
    let is_program = file.ends_with(".py") || file.ends_with(".rs");
    is_program.then(|| Place { file: file.to_owned(), line, function: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(file: &str, line: u32, function: Option<&str>) -> Place {
        Place { file: file.to_owned(), line, function: function.map(str::to_owned) }
    }

    #[test]
    fn the_users_frame_is_the_innermost_outside_of_libraries() {
        let text = "Traceback (most recent call last):\n  File \"/home/me/app.py\", line 9, in <module>\n    main()\n  \
                    File \"/home/me/app.py\", line 5, in main\n    asyncio.run(f())\n  \
                    File \"/usr/lib/python3.11/asyncio/runners.py\", line 186, in run\n    raise RuntimeError(\n\
                    RuntimeError: asyncio.run() cannot be called from a running event loop\n";
        let lines = read(text);
        let at = lines.iter().position(|line| line.text.starts_with("RuntimeError")).expect("the message");
        assert_eq!(users_place(&lines, at), Some(place("/home/me/app.py", 5, Some("main"))));
    }

    #[test]
    fn a_warning_and_a_panic_name_their_line() {
        let of = |text| users_place(&read(text), 0);
        let warning = "/home/me/app.py:12: RuntimeWarning: coroutine 'f' was never awaited";
        assert_eq!(of(warning), Some(place("/home/me/app.py", 12, None)));
        assert_eq!(of("thread 'main' panicked at src/main.rs:5:10:"), Some(place("src/main.rs", 5, None)));
        assert_eq!(
            of("thread 'main' panicked at 'no reactor: x', src/main.rs:5:10"),
            Some(place("src/main.rs", 5, None))
        );
        assert_eq!(of("nothing at all"), None);
    }

    #[test]
    fn lines_of_a_group_are_read_without_their_marks() {
        let text = "  + Exception Group Traceback (most recent call last):\n  |   File \"a.py\", line 1, in f\n  | \
                    ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)\n";
        let lines = read(text);
        assert_eq!(
            lines.last().map(|line| line.text),
            Some("ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)")
        );
        assert_eq!(lines.last().map(|line| line.frames.len()), Some(1));
    }
}
