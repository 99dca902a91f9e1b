//! Runs on a terminal of their own, with nobody at the keyboard.

use std::fs;
use std::process::{Command, Stdio};

use crate::sandbox::Sandbox;

/// Runs a program on a terminal of a kind (`TERM`); returns all that reached the terminal and the exit status.
///
/// The program finds `conc` as `$CONC`.
pub(crate) fn on_terminal(sandbox: &Sandbox, kind: &str, program: &[&str]) -> (String, Option<i32>) {
    fs::write(sandbox.path("terminal.py"), include_str!("terminal.py")).unwrap();
    let conc = sandbox.command(&[]);
    let mut python = Command::new("python3");
    python.arg("terminal.py").args(program).current_dir(sandbox.path("")).stdin(Stdio::null());
    for (name, value) in conc.get_envs() {
        match value {
            Some(value) => python.env(name, value),
            None => python.env_remove(name),
        };
    }
    let done = python.env("TERM", kind).env("CONC", conc.get_program()).output().unwrap();
    sandbox.assert_nothing_is_left();
    (String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned(), done.status.code())
}
