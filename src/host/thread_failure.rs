//! The end of a process that is refused a thread, by whatever library asks for it.

use std::panic::{self, PanicHookInfo};
use std::process;

/// What the standard library and tokio say in the panic that they end in.
const REFUSALS: [&str; 2] = ["failed to spawn thread", "can't spawn worker thread"];

/// The exit status of a run that failed (see `ExitStatus::Failed`).
const FAILED: i32 = 1;

/// Ends the process with a message, and not with a panic, if a thread cannot be started: a limit on processes counts
/// threads too. Other panics are reported as before.
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
    REFUSALS.iter().any(|refusal| panic.contains(refusal)).then(|| {
        let os = ["Resource temporarily unavailable", "Cannot allocate memory"];
        let why = os.iter().find(|why| panic.contains(**why)).unwrap_or(&"the system refuses it");
        format!("cannot start a thread: {why}; raise the limit on processes and threads (`ulimit -u`)")
    })
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
        assert_eq!(explain("index out of bounds"), None);
    }
}
