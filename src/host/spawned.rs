//! Parts of running a child process that the standard library lacks: its CPU time, a descriptor that becomes
//! readable when it ends, a file for its output, and the priority of the thread that starts it.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::host::sessions;
use crate::host::usage::CpuTime;

/// A child process that has ended and was reaped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reaped {
    /// The way it ended.
    pub(crate) status: ExitStatus,
    /// CPU time that it used, with the descendants that it waited for.
    pub(crate) cpu: CpuTime,
}

/// Makes a file without a name that takes the output of a process.
///
/// Everything is appended, whatever position the writer has: a process that opens `/dev/stdout` for itself
/// starts at the beginning.
///
/// # Errors
/// When the directory cannot be written.
pub(crate) fn output_file(directory: &Path) -> io::Result<File> {
    let file = tempfile::tempfile_in(directory)?;
    fcntl(&file, FcntlArg::F_SETFL(OFlag::O_APPEND))?;
    Ok(file)
}

/// Waits for the end of a child, which keeps its ID: it is not reaped.
///
/// # Errors
/// When the process is no child of this one, or somebody else reaped it.
pub(crate) fn wait_for_end(pid: u32) -> io::Result<()> {
    loop {
        match waitid(Id::Pid(Pid::from_raw(pid.cast_signed())), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            Ok(_) => return Ok(()),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Returns true if a child has ended, which keeps its ID, or there is no such child.
pub(crate) fn has_ended(pid: u32) -> bool {
    let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT | WaitPidFlag::WNOHANG;
    !matches!(waitid(Id::Pid(Pid::from_raw(pid.cast_signed())), flags), Ok(WaitStatus::StillAlive))
}

/// Awaits the end of a child, which keeps its ID; only in a runtime.
///
/// # Errors
/// When the runtime cannot watch it, or it is no child of this process.
#[expect(unsafe_code, reason = "a descriptor is registered with the runtime")]
pub(crate) async fn ended(pid: u32) -> io::Result<()> {
    let Some(end) = end_of(pid) else {
        return tokio::task::spawn_blocking(move || wait_for_end(pid)).await?;
    };
    // SAFETY: the descriptor is owned, and closed only when it is no longer registered.
    let watched = unsafe { AsyncFd::register_with_interest(end, Interest::READABLE) }?;
    watched.readable().await.map(drop)
}

/// Waits for the end of a child, reaps it and takes it off the list of sessions.
///
/// # Errors
/// When the process is no child of this one, or somebody else reaped it.
pub(crate) fn reap(pid: u32) -> io::Result<Reaped> {
    wait_for_end(pid)?;
    sessions::end(pid, || wait4(pid))
}

#[expect(unsafe_code, reason = "neither std nor nix wraps wait4")]
fn wait4(pid: u32) -> io::Result<Reaped> {
    let mut status = 0;
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both pointers are valid for writes, and any bits are a valid `rusage`.
        let reaped = unsafe { libc::wait4(pid.cast_signed(), &raw mut status, 0, usage.as_mut_ptr()) };
        if reaped == pid.cast_signed() {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // SAFETY: it was zeroed, and filled by the call that succeeded.
    let usage = unsafe { usage.assume_init() };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 * 1e-6;
    let cpu = CpuTime { user_s: seconds(usage.ru_utime), system_s: seconds(usage.ru_stime) };
    Ok(Reaped { status: ExitStatus::from_raw(status), cpu })
}

/// Returns a descriptor that is readable once the process has ended; `None` if the system has none.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "neither std nor nix wraps pidfd_open")]
pub(crate) fn end_of(pid: u32) -> Option<OwnedFd> {
    use std::os::fd::FromRawFd;
    // SAFETY: the call takes two integers; a result that is not negative is a descriptor that nobody owns.
    unsafe {
        let descriptor = libc::syscall(libc::SYS_pidfd_open, pid.cast_signed(), 0);
        i32::try_from(descriptor).ok().filter(|fd| *fd >= 0).map(|fd| OwnedFd::from_raw_fd(fd))
    }
}

/// Returns `None`: only Linux has such a descriptor.
#[cfg(not(target_os = "linux"))]
pub(crate) fn end_of(_: u32) -> Option<OwnedFd> {
    None
}

/// Adds to the niceness of the calling thread; children that it starts inherit it.
#[expect(unsafe_code, reason = "neither std nor nix wraps setpriority")]
pub(crate) fn be_nice(niceness: i32) {
    // SAFETY: the call takes integers. On Linux the priority is that of the calling thread. Raising the
    // niceness is always allowed; a lower one that is refused leaves the thread as it is.
    unsafe {
        libc::setpriority(libc::PRIO_PROCESS, 0, niceness);
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    #[expect(clippy::zombie_processes, reason = "it is reaped by what is tested")]
    fn a_reaped_child_has_its_status_and_its_cpu_time() {
        let line = "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; exit 7";
        let child = Command::new("sh").args(["-c", line]).stdin(Stdio::null()).spawn().expect("sh");
        let reaped = reap(child.id()).expect("reaped");
        assert_eq!(reaped.status.code(), Some(7));
        assert!(reaped.cpu.total_s() > 0.0, "{reaped:?}");
        assert!(reap(child.id()).is_err(), "it is reaped once");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn output_through_a_name_of_the_stream_is_appended_too() {
        use std::io::{Read, Seek};

        let mut file = output_file(&std::env::temp_dir()).expect("a file");
        let line = "echo one; echo two >> /dev/stdout; echo three; echo four >> /proc/self/fd/1";
        let status = Command::new("sh").args(["-c", line]).stdout(file.try_clone().expect("shared")).status();
        assert!(status.expect("sh").success());
        let mut said = String::new();
        file.rewind().and_then(|()| file.read_to_string(&mut said)).expect("text");
        assert_eq!(said, "one\ntwo\nthree\nfour\n");
    }

    #[test]
    #[cfg(target_os = "linux")]
    #[expect(clippy::zombie_processes, reason = "it is reaped by what is tested")]
    fn the_end_of_a_process_is_readable() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("cat");
        let end = end_of(child.id()).expect("a descriptor");
        let mut polled = [PollFd::new(end.as_fd(), PollFlags::POLLIN)];
        assert_eq!(poll(&mut polled, PollTimeout::ZERO), Ok(0), "cat waits for its input");
        drop(child.stdin.take());
        assert_eq!(poll(&mut polled, PollTimeout::NONE), Ok(1));
        assert!(reap(child.id()).expect("reaped").status.success());
    }
}
