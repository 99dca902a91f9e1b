//! Finds the line at which a fatal error ended an interpreter, or at which it hangs, in the output of
//! `faulthandler`.

use std::path::Path;

use crate::error::Place;

/// Returns the innermost line of the user's code in the standard error of an interpreter that a fatal error
/// ended; `None` if there was no fatal error.
///
/// The format is that of the module `faulthandler`: a line `Fatal Python error: …`, then the thread at
/// fault, most recent call first.
pub(super) fn innermost_user_line(stderr: &str) -> Option<Place> {
    let fatal = stderr.lines().skip_while(|line| !line.starts_with("Fatal Python error:"));
    let thread = fatal.skip_while(|line| !line.starts_with("Current thread")).skip(1);
    let frames = thread.map_while(frame).collect::<Vec<_>>();
    frames.into_iter().find(|frame| is_users(&frame.file))
}

/// Returns the innermost line of the user's code in what interpreters wrote on a signal: that of the thread that got
/// it, which is the main thread, or else of any thread.
pub(super) fn line_of_stacks(stderr: &str) -> Option<Place> {
    line_below(stderr, "Current thread 0x").or_else(|| line_below(stderr, "Thread 0x"))
}

/// Returns the first line of the user's code in the stacks whose headings begin with `heading`.
fn line_below(stderr: &str, heading: &str) -> Option<Place> {
    let mut is_wanted = false;
    stderr.lines().find_map(|line| {
        if let Some(frame) = frame(line) {
            return is_wanted.then_some(frame).filter(|frame| is_users(&frame.file));
        }
        is_wanted = line.starts_with(heading);
        None
    })
}

/// Parses a line such as `  File "tasks.py", line 12 in fetch`.
fn frame(line: &str) -> Option<Place> {
    let (file, rest) = line.trim_start().strip_prefix("File \"")?.rsplit_once("\", line ")?;
    let (line, function) = rest.split_once(" in ")?;
    Some(Place { file: file.to_owned(), line: line.parse().ok()?, function: function.to_owned() })
}

/// Returns true if a file belongs neither to the harness, nor to an installed package, nor to the standard library.
fn is_users(file: &str) -> bool {
    let parts: Vec<_> = Path::new(file).iter().map(|part| part.to_string_lossy()).collect();
    let has = |name: &str| parts.iter().any(|part| part == name);
    let is_library =
        parts.windows(2).any(|pair| pair[0].starts_with("lib") && pair[1].starts_with("python3"));
    let is_package = has("site-packages") || has("dist-packages");
    let is_harness = has("conc_harness") || file.ends_with("python/bootstrap.py");
    !file.starts_with('<') && !is_harness && !is_package && !is_library
}

#[cfg(test)]
mod tests {
    use super::*;

    const STDERR: &str = r#"a word of the user's
Fatal Python error: Segmentation fault

Thread 0x00007f2c (most recent call first):
  File "/srv/other.py", line 1 in elsewhere

Current thread 0x00007f2d (most recent call first):
  File "/usr/lib/python3.11/ctypes/__init__.py", line 519 in string_at
  File "/srv/a "b", line 9/tasks.py", line 47 in Client.fetch
  File "/srv/tasks.py", line 50 in outer
  File "/tmp/x/python/conc_harness/sequential.py", line 29 in _run
  File "/tmp/x/python/bootstrap.py", line 6 in <module>

Extension modules: _ctypes (total: 1)
"#;

    #[test]
    fn the_innermost_line_of_the_users_is_found() {
        let found = innermost_user_line(STDERR).expect("a line");
        assert_eq!(found.to_string(), "tasks.py:47 in Client.fetch");
        assert_eq!(found.file, "/srv/a \"b\", line 9/tasks.py");
    }

    #[test]
    fn neither_a_package_that_was_installed_nor_the_library_counts() {
        assert!(is_users("/srv/tasks.py"));
        assert!(!is_users("/usr/lib/python3.11/site-packages/numpy/core.py"));
        assert!(!is_users("/usr/lib/python3/dist-packages/yaml.py"));
        assert!(!is_users("/opt/lib/python3.13/asyncio/events.py"));
        assert!(!is_users("<frozen runpy>"));
    }

    #[test]
    fn the_stacks_of_an_interpreter_that_hangs_have_its_line() {
        let stacks =
            STDERR.replace("Fatal Python error: Segmentation fault", "").replace("/srv/other.py", "<x>");
        let found = line_of_stacks(&stacks).expect("a line");
        assert_eq!(found.to_string(), "tasks.py:47 in Client.fetch");
        assert_eq!(line_of_stacks("  File \"/srv/tasks.py\", line 1 in f\n"), None, "no stack");
    }

    #[test]
    fn without_a_fault_there_is_no_line() {
        assert_eq!(
            innermost_user_line("Traceback (most recent call last):\n  File \"t.py\", line 1 in f\n"),
            None
        );
        assert_eq!(innermost_user_line(""), None);
    }
}
