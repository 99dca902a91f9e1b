//! The imports of a program, from the names in it.

use std::collections::BTreeMap;

use crate::snippets::form::Form;

/// What a program imports if the first text occurs in it, a name that stands alone or a method: its module,
/// and the name there.
const IMPORTS: [(&str, &str, &str); 24] = [
    (".par_iter", "rayon::prelude", "*"),
    ("ThreadPoolBuilder", "rayon", "ThreadPoolBuilder"),
    ("BTreeMap", "std::collections", "BTreeMap"),
    ("env", "std::env", "self"),
    ("Error", "std::error", "Error"),
    ("fs", "std::fs", "self"),
    (".hash_one", "std::hash", "BuildHasher"),
    ("RandomState", "std::hash", "RandomState"),
    ("io", "std::io", "self"),
    ("BufReader", "std::io", "BufReader"),
    ("BufWriter", "std::io", "BufWriter"),
    ("Read", "std::io", "Read"),
    ("Write", "std::io", "Write"),
    ("ExitCode", "std::process", "ExitCode"),
    ("Stdio", "std::process", "Stdio"),
    ("Arc", "std::sync", "Arc"),
    ("AtomicUsize", "std::sync::atomic", "AtomicUsize"),
    ("Relaxed", "std::sync::atomic", "Ordering::Relaxed"),
    ("thread", "std::thread", "self"),
    ("Scope", "std::thread", "Scope"),
    ("Duration", "std::time", "Duration"),
    ("Instant", "std::time", "Instant"),
    ("oneshot", "tokio::sync", "oneshot"),
    ("Mutex", "tokio::sync", "Mutex"),
];

/// Processes, which an event loop starts in a way of its own.
const PROCESSES: [&str; 4] = ["Child", "ChildStdin", "ChildStdout", "Command"];

/// The imports of the program that talks to worker processes on an event loop.
const PIPES: [(&str, &str, &str); 5] = [
    (".read_u32", "tokio::io", "AsyncReadExt"),
    (".write_all", "tokio::io", "AsyncWriteExt"),
    ("Receiver", "tokio::sync::mpsc", "Receiver"),
    ("Sender", "tokio::sync::mpsc", "Sender"),
    ("channel", "tokio::sync::mpsc", "channel"),
];

/// The imports of the program with queues between its stages.
const QUEUES: [(&str, &str, &str); 2] =
    [("bounded", "crossbeam_channel", "bounded"), ("Receiver", "crossbeam_channel", "Receiver")];

/// Returns the imports of a program, laid out and sorted as rustfmt does.
pub(super) fn imports(program: &str, form: Form) -> String {
    let code = without_text(program);
    let on_loop = matches!(form, Form::Async | Form::Hybrid);
    let from = if on_loop { "tokio::process" } else { "std::process" };
    let pipes = PIPES.iter().filter(|_| form == Form::Hybrid).copied();
    let queues = QUEUES.iter().filter(|_| form == Form::Pipeline).copied();
    let processes = PROCESSES.map(|name| (name, from, name));
    let mut modules: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (text, module, name) in IMPORTS.into_iter().chain(pipes).chain(queues).chain(processes) {
        if occurs(text, &code) {
            modules.entry(module).or_default().push(name);
        }
    }
    let mut lines: Vec<_> = modules.into_iter().map(|(module, names)| line(module, names)).collect();
    // A list stands behind the modules beside it.
    lines.sort_unstable();
    lines.concat()
}

fn line(module: &str, mut names: Vec<&str>) -> String {
    names.sort_unstable_by_key(|name| (*name != "self", *name));
    match names.as_slice() {
        ["self"] => format!("use {module};\n"),
        [name] => format!("use {module}::{name};\n"),
        names => format!("use {module}::{{{}}};\n", names.join(", ")),
    }
}

/// Returns true if a name stands in the code by itself, or a method behind its dot.
fn occurs(name: &str, code: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        let is_start =
            name.starts_with('.') || !before.ends_with(|c: char| is_part(c) || c == '.' || c == ':');
        is_start && !after.starts_with(is_part)
    })
}

/// Returns the code without comments and the text of its literals, which may hold any name.
fn without_text(program: &str) -> String {
    let lines = program.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut out = String::with_capacity(program.len());
    let (mut in_text, mut escaped) = (false, false);
    for c in lines.flat_map(|line| line.chars().chain(['\n'])) {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            c if !in_text => out.push(c),
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_is_imported_and_nothing_else() {
        let code = "// Mutex\nfn a(b: Arc<u8>) -> io::Result<()> {\n    x.env(\"Write \\\" Read\");\n}\n";
        assert_eq!(imports(code, Form::Threads), "use std::io;\nuse std::sync::Arc;\n");
        let run = "io::Error::other(Command::new().stdin(Stdio::null()))";
        assert_eq!(
            imports(run, Form::Async),
            "use std::io;\nuse std::process::Stdio;\nuse tokio::process::Command;\n"
        );
        assert_eq!(imports(run, Form::Threads), "use std::io;\nuse std::process::{Command, Stdio};\n");
    }
}
