//! Profiles that show too little for a class: idle and stopped programs.

use crate::policy::{IDLE_CPU_UP_TO, IDLE_WAKEUPS_PER_S_UP_TO, STOPPED_FROM};
use crate::profile::result::{NoClass, Sockets, WaitKind};
use crate::profile::sampling::interval::Interval;

/// Seconds below which a quiet program may just not have got going.
const MIN_QUIET_S: f64 = 1.0;

/// Seconds in which a command starts; a server is as quiet after them as if it ran already.
const START_S: f64 = 1.0;

/// Figures that decide whether a class is due.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct QuietInputs<'a> {
    /// The intervals of the run.
    pub intervals: &'a [Interval],
    /// Begin and end of the run, in seconds since sampling began.
    pub run: [f64; 2],
    /// True if the tree ran before it was profiled.
    pub is_attached: bool,
    /// The sockets of the tree, if they were seen.
    pub sockets: Option<Sockets>,
    /// The main kind of wait.
    pub main_wait: Option<WaitKind>,
}

/// Returns the reason why no class is due, if none is.
pub(crate) fn no_class(inputs: &QuietInputs<'_>) -> Option<NoClass> {
    let [from_s, to_s] = inputs.run;
    let wall_s = to_s - from_s;
    let stopped_s: f64 = inputs.intervals.iter().map(|interval| interval.stopped_s).sum();
    if wall_s > 0.0 && stopped_s >= STOPPED_FROM * wall_s {
        return Some(NoClass::Stopped { wall_s, stopped_s });
    }
    if !waits_to_be_asked(inputs) {
        return None;
    }
    let from_s = if inputs.is_attached { from_s } else { from_s + START_S };
    let quiet = || inputs.intervals.iter().filter(|interval| interval.at_s > from_s);
    let wall_s = to_s - from_s - quiet().map(|interval| interval.stopped_s).sum::<f64>();
    let cpu_s: f64 = quiet().map(|interval| interval.cpu.run_s).sum();
    let wakeups: f64 = quiet().map(|interval| interval.cpu.wakeups).sum();
    let is_quiet = wall_s >= MIN_QUIET_S
        && cpu_s <= IDLE_CPU_UP_TO * wall_s
        && wakeups <= IDLE_WAKEUPS_PER_S_UP_TO * wall_s;
    is_quiet.then_some(NoClass::Idle { wall_s, cpu_s, wakeups: wakeups as u64 })
}

/// Returns whether it is for others to ask the program for something: a server, or a program that was found
/// waiting for nothing that it asked for itself, such as input.
fn waits_to_be_asked(inputs: &QuietInputs<'_>) -> bool {
    let QuietInputs { is_attached, sockets, main_wait, .. } = *inputs;
    if sockets.is_some_and(|sockets| sockets.listening > 0) {
        return true;
    }
    let asks_itself = match main_wait {
        Some(WaitKind::Sleep | WaitKind::LockOrTimer | WaitKind::Disk | WaitKind::Child) => true,
        Some(WaitKind::Network) => !sockets.is_some_and(|sockets| sockets.is_server()),
        _ => false,
    };
    is_attached && !asks_itself
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::sampling::interval::CpuUse;

    const SERVER: Sockets = Sockets { listening: 1, clients: 2, servers: 0 };

    /// Intervals of 20 ms for four seconds, each with the CPU time of its place.
    fn intervals(run_s: impl Fn(f64) -> f64, wakeups: f64) -> Vec<Interval> {
        let interval = |i: u32| {
            let at_s = f64::from(i + 1) * 0.02;
            let cpu = CpuUse { run_s: run_s(at_s), wakeups, ..CpuUse::default() };
            Interval { at_s, span_s: 0.02, samples: 1.0, cpu, ..Interval::default() }
        };
        (0..200).map(interval).collect()
    }

    fn inputs(intervals: &[Interval]) -> QuietInputs<'_> {
        let main_wait = Some(WaitKind::Network);
        QuietInputs { intervals, run: [0.0, 4.0], is_attached: true, sockets: Some(SERVER), main_wait }
    }

    fn is_idle(inputs: &QuietInputs<'_>) -> bool {
        matches!(no_class(inputs), Some(NoClass::Idle { .. }))
    }

    #[test]
    fn a_server_that_nobody_asks_is_idle() {
        let quiet = intervals(|_| 0.0, 0.2);
        let idle = no_class(&inputs(&quiet));
        assert_eq!(idle, Some(NoClass::Idle { wall_s: 4.0, cpu_s: 0.0, wakeups: 40 }));
        let asked = intervals(|_| 0.002, 0.2);
        assert_eq!(no_class(&inputs(&asked)), None);
        let often = intervals(|_| 0.0, 4.0);
        assert_eq!(no_class(&inputs(&often)), None);
        // Timers of a server are not waits for anything that it asked for.
        assert!(is_idle(&QuietInputs { main_wait: Some(WaitKind::Sleep), ..inputs(&quiet) }));
    }

    #[test]
    fn the_start_of_a_server_is_not_what_it_does() {
        let started = intervals(|at_s| if at_s < 0.5 { 0.02 } else { 0.0 }, 0.2);
        let command = QuietInputs { is_attached: false, ..inputs(&started) };
        assert!(is_idle(&command));
        assert!(!is_idle(&QuietInputs { is_attached: true, ..command }));
        assert!(!is_idle(&QuietInputs { run: [0.0, 1.5], ..command }));
    }

    #[test]
    fn what_a_program_asked_for_itself_is_a_wait() {
        let quiet = intervals(|_| 0.0, 0.0);
        let waiting = |sockets, main_wait| is_idle(&QuietInputs { sockets, main_wait, ..inputs(&quiet) });
        let client = Some(Sockets { servers: 1, ..Sockets::default() });
        for kind in [WaitKind::Sleep, WaitKind::Disk, WaitKind::Child, WaitKind::Network] {
            assert!(!waiting(client, Some(kind)), "{kind:?}");
        }
        assert!(!waiting(None, Some(WaitKind::Network)));
        // Of an accepted connection, the client has the next word.
        assert!(waiting(Some(Sockets { clients: 1, ..Sockets::default() }), Some(WaitKind::Network)));
        assert!(waiting(None, Some(WaitKind::Pipe)) && waiting(None, None));
        let command = QuietInputs { is_attached: false, sockets: None, main_wait: None, ..inputs(&quiet) };
        assert_eq!(no_class(&command), None);
    }

    #[test]
    fn a_program_that_was_stopped_showed_nothing() {
        let mut stopped = intervals(|_| 0.0, 0.0);
        stopped.iter_mut().skip(10).for_each(|interval| *interval = interval.stopped());
        let found = no_class(&QuietInputs { sockets: None, ..inputs(&stopped) });
        let Some(NoClass::Stopped { wall_s, stopped_s }) = found else { panic!("{found:?}") };
        assert!(wall_s == 4.0 && (stopped_s - 3.8).abs() < 1e-9, "{stopped_s}");
    }
}
