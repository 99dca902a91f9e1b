//! Recognises a command that is a whole job, and the callables in its script that could be measured instead.

use std::fs;
use std::path::{Path, PathBuf};

use crate::workload::item::Items;
use crate::workload::spec::{Workload, WorkloadSource};
use crate::workload::template::PLACEHOLDER;

/// Interpreters of other languages, whose first operand is a script.
const INTERPRETERS: [&str; 12] =
    ["sh", "bash", "dash", "zsh", "node", "bun", "deno", "ruby", "perl", "php", "Rscript", "julia"];

/// Number of callables that are offered.
const MAX_OFFERED: usize = 3;

/// A script that is run as a whole, without items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WholeJob {
    /// The script, as the user wrote it, or the file of the module that is run.
    pub(crate) script: String,
    /// Callables of one argument in the script, such as `scraper.py:fetch`; empty if there are none.
    pub(crate) callables: Vec<String>,
    /// True if importing the script would run the job.
    pub(crate) runs_on_import: bool,
}

/// Returns the script of a command that is the whole job in one script: nothing in it depends on an item.
pub(crate) fn whole_job(workload: &Workload) -> Option<WholeJob> {
    let command = workload.only_command().filter(|_| workload.source == WorkloadSource::Command)?;
    let has_item = command.argv.iter().any(|word| word.contains(PLACEHOLDER));
    if has_item || !matches!(workload.items, Items::Count(_)) {
        return None;
    }
    let words = match &command.argv[..] {
        [shell, option, line] if shell == "sh" && option == "-c" => shlex::split(line).unwrap_or_default(),
        words => words.to_vec(),
    };
    let script = python_script(&words).or_else(|| other_script(&words))?;
    let (callables, runs_on_import) = if is_python(&script) { examine(&script) } else { (Vec::new(), false) };
    Some(WholeJob { script, callables, runs_on_import })
}

/// Returns the callables of a script that could be tasks, by its name: those of one argument.
pub(crate) fn callables_of(script: &str) -> Vec<String> {
    examine(script).0
}

fn is_python(script: &str) -> bool {
    script.ends_with(".py")
}

/// Returns the Python script among the words, or the file of the module after `-m`.
fn python_script(words: &[String]) -> Option<String> {
    let module = words.windows(2).find(|pair| pair[0] == "-m").and_then(|pair| file_of_module(&pair[1]));
    let named = || words.iter().find(|word| is_python(word) && Path::new(word).is_file()).cloned();
    module.or_else(named)
}

fn file_of_module(module: &str) -> Option<String> {
    let path: PathBuf = module.split('.').collect();
    let files = [path.with_extension("py"), path.join("__main__.py")];
    files.iter().find(|file| file.is_file()).map(|file| file.to_string_lossy().into_owned())
}

/// Returns the script of an interpreter of another language.
fn other_script(words: &[String]) -> Option<String> {
    let (program, rest) = words.split_first()?;
    let name = Path::new(program).file_name()?.to_str()?;
    let script = rest.iter().find(|word| !word.starts_with('-'))?;
    (INTERPRETERS.contains(&name) && Path::new(script).is_file()).then(|| script.clone())
}

/// Returns the callables of a Python script, and true if importing it would run the job.
fn examine(script: &str) -> (Vec<String>, bool) {
    let text = fs::read_to_string(script).unwrap_or_default();
    let names = functions(&text).into_iter().take(MAX_OFFERED);
    (names.map(|name| format!("{script}:{name}")).collect(), !text.contains("__name__"))
}

/// Returns the functions at the top of a Python module that take one argument.
fn functions(text: &str) -> Vec<&str> {
    let starts = text.lines().scan(0, |at, line| {
        let start = *at;
        *at += line.len() + 1;
        Some((start, line))
    });
    let defined = starts.filter_map(|(start, line)| {
        let rest = line.strip_prefix("async ").unwrap_or(line).strip_prefix("def ")?;
        let (name, _) = rest.split_once('(')?;
        let open = start + line.find('(')?;
        let is_task = !name.starts_with('_') && name != "main" && required(text.get(open + 1..)?) == 1;
        is_task.then_some(name.trim())
    });
    defined.collect()
}

/// Returns the number of parameters without a default, up to the parenthesis that ends them.
fn required(parameters: &str) -> usize {
    let (mut depth, mut current, mut all) = (0, String::new(), Vec::new());
    for c in parameters.chars() {
        match c {
            ')' if depth == 0 => break,
            ',' if depth == 0 => all.push(std::mem::take(&mut current)),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if c != ',' || depth > 0 {
            current.push(c);
        }
    }
    all.push(current);
    let positional = all.iter().map(|text| text.trim()).take_while(|text| !text.starts_with('*'));
    positional.filter(|text| !text.is_empty() && *text != "/" && !text.contains('=')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_one_argument_can_be_tasks() {
        let text = "import x\n\ndef main(argv):\n    pass\n\ndef fetch(url, timeout=(1, 2)):\n    def inner(a): pass\n\n\
                    async def parse(\n    page: dict[str, int],\n    *,\n    strict=True,\n): pass\n\n\
                    def pair(a, b): pass\ndef none(): pass\ndef _own(a): pass\nclass A:\n    def m(self): pass\n";
        assert_eq!(functions(text), ["fetch", "parse"]);
        assert_eq!(functions(""), [] as [&str; 0]);
    }
}
