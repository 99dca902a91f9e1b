//! Places in programs where threads poll: libraries, and instructions.

use crate::profile::result::PollingCause;

/// Kind of the place that a sample of a thread shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A place that may do any work.
    Work,
    /// A loop that only waits.
    Polls(PollingCause),
    /// The instruction behind a system call that asks for events, or sleeps. Such calls take so little time in
    /// user mode that samples of it stand for hundreds of thousands of them.
    AsksForEvents,
    /// The instruction behind any other system call.
    OtherCall,
}

/// Starts of the names of libraries that compute next to nothing but loops of waiting, and their causes.
///
/// Measured on Debian 12 with two threads or ranks, one of which waits for most of the time: of the waiting
/// thread's samples 99% are in libgomp, 97% in libomp, and 91% in Open MPI's libopen-pal and mca_*; of
/// balanced programs under 2%.
const LIBRARIES: [(&str, PollingCause); 14] = [
    ("libgomp", PollingCause::OpenMp),
    ("libomp", PollingCause::OpenMp),
    ("libiomp", PollingCause::OpenMp),
    ("libopen-pal", PollingCause::Mpi),
    ("libopen-rte", PollingCause::Mpi),
    ("libmpi", PollingCause::Mpi),
    ("libmpich", PollingCause::Mpi),
    ("mca_", PollingCause::Mpi),
    ("libucp", PollingCause::Mpi),
    ("libuct", PollingCause::Mpi),
    ("libucs", PollingCause::Mpi),
    ("libfabric", PollingCause::Mpi),
    ("libpsm2", PollingCause::Mpi),
    ("libpmix", PollingCause::Mpi),
];

/// Returns the cause of the loops in the library with this path.
pub(crate) fn cause_of_library(path: &str) -> Option<PollingCause> {
    let name = path.rsplit('/').next()?;
    LIBRARIES.iter().find(|(start, _)| name.starts_with(start)).map(|(_, cause)| *cause)
}

/// Bytes before an instruction pointer that are looked at.
pub(crate) const BYTES_BEFORE: usize = 8;

/// Returns the kind of a place by the instructions just before it and at it.
pub(crate) fn place_of_instructions(before: &[u8; BYTES_BEFORE], at: &[u8; 4]) -> Place {
    if is_pause(before, at) {
        return Place::Polls(PollingCause::Spin);
    }
    match call_before(before) {
        None => Place::Work,
        Some(number) if number == Some(libc::SYS_sched_yield) => Place::Polls(PollingCause::Yield),
        Some(number) if number.is_some_and(asks_for_events) => Place::AsksForEvents,
        Some(_) => Place::OtherCall,
    }
}

#[cfg(target_arch = "x86_64")]
fn is_pause(before: &[u8; BYTES_BEFORE], at: &[u8; 4]) -> bool {
    const PAUSE: [u8; 2] = [0xf3, 0x90];
    before.ends_with(&PAUSE) || at.starts_with(&PAUSE)
}

#[cfg(target_arch = "aarch64")]
fn is_pause(before: &[u8; BYTES_BEFORE], at: &[u8; 4]) -> bool {
    const YIELD: u32 = 0xd503_203f;
    [&before[4..], at].iter().any(|bytes| **bytes == YIELD.to_le_bytes())
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn is_pause(_before: &[u8; BYTES_BEFORE], _at: &[u8; 4]) -> bool {
    false
}

/// Returns the number of the system call that has just returned, as far as the instructions show it; `None` if
/// none has.
#[cfg(target_arch = "x86_64")]
fn call_before(before: &[u8; BYTES_BEFORE]) -> Option<Option<i64>> {
    let [_, load, number @ .., 0x0f, 0x05] = before else { return None };
    Some((*load == 0xb8).then(|| i64::from(u32::from_le_bytes(*number))))
}

#[cfg(target_arch = "aarch64")]
fn call_before(before: &[u8; BYTES_BEFORE]) -> Option<Option<i64>> {
    const SVC: u32 = 0xd400_0001;
    const MOV_X8: u32 = 0xd280_0008;
    let word = |at: usize| u32::from_le_bytes([before[at], before[at + 1], before[at + 2], before[at + 3]]);
    let load = word(0);
    (word(4) == SVC).then(|| (load & 0xffe0_001f == MOV_X8).then(|| i64::from(load >> 5 & 0xffff)))
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn call_before(_before: &[u8; BYTES_BEFORE]) -> Option<Option<i64>> {
    None
}

/// Returns whether a system call asks for events, or sleeps.
fn asks_for_events(number: i64) -> bool {
    #[cfg(target_arch = "x86_64")]
    if [libc::SYS_poll, libc::SYS_select, libc::SYS_epoll_wait].contains(&number) {
        return true;
    }
    [
        libc::SYS_ppoll,
        libc::SYS_pselect6,
        libc::SYS_epoll_pwait,
        libc::SYS_epoll_pwait2,
        libc::SYS_nanosleep,
        libc::SYS_clock_nanosleep,
    ]
    .contains(&number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_poll_are_known_by_their_names() {
        assert_eq!(cause_of_library("/usr/lib/libgomp.so.1.0.0"), Some(PollingCause::OpenMp));
        assert_eq!(cause_of_library("/usr/lib/llvm-14/lib/libomp.so.5"), Some(PollingCause::OpenMp));
        assert_eq!(cause_of_library("/usr/lib/libopen-pal.so.40"), Some(PollingCause::Mpi));
        assert_eq!(cause_of_library("/usr/lib/openmpi/mca_btl_vader.so"), Some(PollingCause::Mpi));
        assert_eq!(cause_of_library("/usr/lib/libc.so.6"), None);
        assert_eq!(cause_of_library("/home/libgomp/main"), None);
        assert_eq!(cause_of_library(""), None);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn instructions_show_spinning_and_calls() {
        let of = |before, at| place_of_instructions(&before, &at);
        let nothing = [0x90; 4];
        assert_eq!(of([0, 0, 0, 0, 0, 0, 0xf3, 0x90], nothing), Place::Polls(PollingCause::Spin));
        assert_eq!(of([0; 8], [0xf3, 0x90, 0, 0]), Place::Polls(PollingCause::Spin));
        assert_eq!(of([0; 8], nothing), Place::Work);
        let call = |number: u8, load| [0, load, number, 0, 0, 0, 0x0f, 0x05];
        assert_eq!(of(call(24, 0xb8), nothing), Place::Polls(PollingCause::Yield));
        assert_eq!(of(call(232, 0xb8), nothing), Place::AsksForEvents);
        assert_eq!(of(call(0, 0xb8), nothing), Place::OtherCall);
        assert_eq!(of(call(24, 0x48), nothing), Place::OtherCall);
    }

    #[test]
    #[cfg(target_arch = "aarch64")]
    fn instructions_show_spinning_and_calls() {
        let call = |number: u32| {
            let mut bytes = [0; 8];
            bytes[..4].copy_from_slice(&(0xd280_0008 | number << 5).to_le_bytes());
            bytes[4..].copy_from_slice(&0xd400_0001_u32.to_le_bytes());
            bytes
        };
        let of = |before| place_of_instructions(&before, &[0; 4]);
        assert_eq!(of(call(124)), Place::Polls(PollingCause::Yield));
        assert_eq!(of(call(22)), Place::AsksForEvents);
        assert_eq!(of(call(63)), Place::OtherCall);
        assert_eq!(of([0; 8]), Place::Work);
    }
}
