//! The arguments that describe a workload, as words of a command line.

use crate::mcp::request::{Request, plain};

/// Bytes of items that go on a command line; more of them go through standard input, because the kernel
/// bounds the words of one command (128 KiB for a single one on Linux).
const MAX_WORDS_BYTES: usize = 64 * 1024;

/// The arguments that describe a workload.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Work<'a> {
    /// A sample, a file or a callable.
    pub workload: Option<&'a str>,
    /// A command.
    pub command: Option<&'a [String]>,
    /// True to run the command with a shell.
    pub shell: bool,
    /// CPU time of a task.
    pub cpu: Option<&'a str>,
    /// Time that a task waits.
    pub wait: Option<&'a str>,
    /// The items.
    pub items: Option<&'a [String]>,
    /// A file of items.
    pub items_file: Option<&'a str>,
    /// Number of tasks.
    pub tasks: Option<u64>,
    /// Tasks at the same time.
    pub max_in_flight: Option<u64>,
    /// Attempts per second.
    pub rate: Option<f64>,
    /// The interpreter.
    pub python: Option<&'a str>,
    /// The async form.
    pub async_fn: Option<&'a str>,
    /// True to count failures as successes.
    pub ignore_failure: bool,
}

impl Work<'_> {
    /// Returns true if the work is one command without items, which is profiled as it is.
    pub(super) fn is_one_command(&self) -> bool {
        let has_items = |command: &[String]| command.iter().any(|word| word == ":::");
        self.command.is_some_and(|command| !has_items(command))
            && self.items.is_none()
            && self.items_file.is_none()
            && self.tasks.is_none()
    }

    /// Adds the words to a request whose other options are complete: the command comes last.
    ///
    /// # Errors
    /// A message for the caller.
    pub(super) fn add_to(&self, request: &mut Request) -> Result<(), String> {
        self.check()?;
        request.option("cpu", self.cpu);
        request.option("wait", self.wait);
        request.option("tasks", self.tasks);
        request.option("max-in-flight", self.max_in_flight);
        request.option("rate", self.rate);
        request.option("python", self.python);
        request.option("async-fn", self.async_fn);
        request.option("items", self.items_file);
        request.flag("shell", self.shell);
        request.flag("ignore-failure", self.ignore_failure);
        let items = self.items.map(|items| plain_items(items)).transpose()?;
        let inline = items.filter(|items| fits_on_a_line(items, self.command.is_some()));
        if let (Some(items), None) = (items, inline) {
            request.option("items", Some("-"));
            request.stdin = Some(items.join("\n") + "\n");
        }
        if let Some(workload) = self.workload {
            request.words.push(plain("workload", workload)?);
        }
        if let Some(command) = self.command {
            request.words.push("--".to_owned());
            request.words.extend(command.iter().cloned());
        }
        if let Some(items) = inline {
            request.words.push(":::".to_owned());
            request.words.extend(items.iter().cloned());
        }
        Ok(())
    }

    fn check(&self) -> Result<(), String> {
        let described = self.cpu.is_some() || self.wait.is_some();
        let given = [self.workload.is_some(), self.command.is_some(), described];
        if given.iter().filter(|is_given| **is_given).count() != 1 {
            return Err("give either `workload`, or `command`, or `cpu` and `wait`".to_owned());
        }
        if self.command.is_some_and(<[String]>::is_empty) {
            return Err("command: name a program".to_owned());
        }
        if self.items.is_some() && self.items_file.is_some() {
            return Err("give either `items` or `items_file`".to_owned());
        }
        Ok(())
    }
}

/// Returns items of which each is one line.
pub(super) fn plain_items(items: &[String]) -> Result<&[String], String> {
    if items.is_empty() {
        return Err("items: the list is empty".to_owned());
    }
    match items.iter().position(|item| item.is_empty() || item.contains(['\n', '\r', '\0'])) {
        Some(at) => Err(format!("items: item {} is empty or has a line break", at + 1)),
        None => Ok(items),
    }
}

/// Returns true if the items can follow `:::`. Behind `--` every word is taken as it is.
fn fits_on_a_line(items: &&[String], is_command: bool) -> bool {
    let bytes: usize = items.iter().map(|item| item.len() + 1).sum();
    let is_option = |item: &String| item.starts_with('-') && !is_command;
    bytes <= MAX_WORDS_BYTES && !items.iter().any(|item| is_option(item) || item.starts_with(":::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(work: Work<'_>) -> Result<(Vec<String>, Option<String>), String> {
        let mut request = Request::new("advise");
        work.add_to(&mut request)?;
        Ok((request.words, request.stdin))
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_command_comes_last_and_its_words_stay_as_they_are() {
        let (command, items) = (owned(&["curl", "-s", "{}"]), owned(&["a", "--json"]));
        let work = Work { command: Some(&command), items: Some(&items), tasks: None, ..Work::default() };
        let expected = owned(&["advise", "--", "curl", "-s", "{}", ":::", "a", "--json"]);
        assert_eq!(words(work), Ok((expected, None)));
    }

    #[test]
    fn no_item_and_no_name_becomes_an_option() {
        let items = owned(&["--export-json=x", "b"]);
        let work = Work { workload: Some("tasks.py:f"), items: Some(&items), ..Work::default() };
        let expected = owned(&["advise", "--items=-", "tasks.py:f"]);
        assert_eq!(words(work), Ok((expected, Some("--export-json=x\nb\n".to_owned()))));
        let work = Work { workload: Some("--export-json=x"), ..Work::default() };
        assert!(words(work).is_err_and(|refused| refused.contains("must not begin with '-'")));
    }

    #[test]
    fn exactly_one_workload_is_described() {
        let command = owned(&["true"]);
        let both = Work { workload: Some("web-scraper"), command: Some(&command), ..Work::default() };
        for work in [Work::default(), both] {
            assert!(words(work).is_err_and(|refused| refused.starts_with("give either `workload`")));
        }
        let empty = [String::new()];
        assert!(words(Work { workload: Some("x"), items: Some(&empty), ..Work::default() }).is_err());
        let described = Work { cpu: Some("5ms"), wait: Some("50ms"), ..Work::default() };
        assert_eq!(
            words(described).map(|(words, _)| words),
            Ok(owned(&["advise", "--cpu=5ms", "--wait=50ms"]))
        );
    }

    #[test]
    fn only_a_command_without_items_is_profiled_as_it_is() {
        let (command, with_items) = (owned(&["make"]), owned(&["echo", "{}", ":::", "a"]));
        assert!(Work { command: Some(&command), ..Work::default() }.is_one_command());
        assert!(!Work { command: Some(&with_items), ..Work::default() }.is_one_command());
        assert!(!Work { command: Some(&command), tasks: Some(3), ..Work::default() }.is_one_command());
        assert!(!Work { workload: Some("web-scraper"), ..Work::default() }.is_one_command());
    }
}
