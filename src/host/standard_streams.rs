//! Standard input and output, unless they were closed when this process was started (`<&-`, `>&-`).
//!
//! The standard library opens `/dev/null` in place of a closed stream before `main`: output would be lost, and items
//! would seem to be none, without a word.

use std::io::{self, Stdin, Stdout};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether standard input and standard output were closed.
static WERE_CLOSED: [AtomicBool; 2] = [const { AtomicBool::new(false) }; 2];

/// An entry of the list of functions that the system calls before it starts the program.
#[used]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__mod_init_func"))]
#[expect(unsafe_code, reason = "only such a function is earlier than the standard library")]
static BEFORE_MAIN: extern "C" fn() = note_closed;

#[expect(unsafe_code, reason = "a descriptor that may be closed belongs to nobody")]
extern "C" fn note_closed() {
    for (descriptor, was_closed) in (0..).zip(&WERE_CLOSED) {
        // SAFETY: the call takes two integers. Nothing here needs a runtime, which there is none of yet.
        let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFD) };
        was_closed.store(flags == -1, Ordering::Relaxed);
    }
}

/// Returns standard input.
///
/// # Errors
/// When this process was started without it.
pub(crate) fn stdin() -> io::Result<Stdin> {
    checked(0).map(|()| io::stdin())
}

/// Returns standard output.
///
/// # Errors
/// When this process was started without it.
pub(crate) fn stdout() -> io::Result<Stdout> {
    checked(1).map(|()| io::stdout())
}

fn checked(stream: usize) -> io::Result<()> {
    match WERE_CLOSED[stream].load(Ordering::Relaxed) {
        true => Err(io::Error::from_raw_os_error(libc::EBADF)),
        false => Ok(()),
    }
}
