//! The end of a process that is refused a thread, by whatever library asks for it.

use std::panic::{self, PanicHookInfo};
use std::process;

/// What the standard library and tokio say in the panic that they end in, what they were refused, and the limit on it.
const REFUSALS: [(&str, &str, &str); 3] = [
    ("failed to spawn thread", "start a thread", "the limit on processes and threads (`ulimit -u`)"),
    ("can't spawn worker thread", "start a thread", "the limit on processes and threads (`ulimit -u`)"),
    ("failed to create UnixStream", "open a socket", "the limit on open files (`ulimit -n`)"),
];

/// How the system describes its reasons.
const WHY: [&str; 5] = [
    "Resource temporarily unavailable",
    "Cannot allocate memory",
    "Too many open files",
    "No buffer space available",
    "Operation not permitted",
];

/// The exit status of a run that failed (see `ExitStatus::Failed`).
const FAILED: i32 = 1;

/// Ends the process with a message, and not with a panic, if the system refuses a library what it cannot do without: a
/// thread (a limit on processes counts threads too) or a socket. Other panics are reported as before.
#[expect(clippy::exit, reason = "a library panics where it is refused a thread, and nothing can go on")]
pub(crate) fn end_with(say: impl Fn(&str) + Send + Sync + 'static) {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| match refusal(info) {
        Some(why) => {
            say(&why);
            process::exit(FAILED);
        }
        None => before(info),
    }));
}

/// Returns the message of a panic that a refused thread led to; `None` for another panic.
fn refusal(info: &PanicHookInfo<'_>) -> Option<String> {
    let payload = info.payload();
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    explain(text?)
}

fn explain(panic: &str) -> Option<String> {
    let (_, what, limit) = REFUSALS.iter().find(|(refusal, ..)| panic.contains(refusal))?;
    let why = WHY.iter().find(|why| panic.contains(**why)).unwrap_or(&"the system refuses it");
    Some(format!("cannot {what}: {why}; raise {limit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refused_thread_is_explained() {
        let std = "failed to spawn thread: Os { code: 11, kind: WouldBlock, message: \"Resource temporarily unavailable\" }";
        let tokio = "OS can't spawn worker thread: Resource temporarily unavailable (os error 11)";
        for panic in [std, tokio] {
            let said = explain(panic).expect("a refusal");
            assert!(said.starts_with("cannot start a thread: Resource temporarily unavailable"), "{said}");
        }
        let socket = "failed to create UnixStream: Os { code: 24, kind: Uncategorized, message: \"Too many open files\" }";
        let said = explain(socket).expect("a refusal");
        assert_eq!(
            said,
            "cannot open a socket: Too many open files; raise the limit on open files (`ulimit -n`)"
        );
        assert_eq!(explain("index out of bounds"), None);
    }
}
