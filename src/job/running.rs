//! The commands that are running, so that one or all can be stopped.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::host::process::kill_tree;

/// The reason why this run stopped a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The run ends.
    Ended,
    /// Memory ran low.
    Memory,
}

/// Running commands in the order in which they started.
#[derive(Debug, Default)]
pub(crate) struct Running {
    commands: Mutex<Commands>,
}

#[derive(Debug, Default)]
struct Commands {
    next: u64,
    running: BTreeMap<u64, (u32, Option<Stopped>)>,
    is_closed: bool,
}

/// A command that is registered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u64);

impl Running {
    fn lock(&self) -> MutexGuard<'_, Commands> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a command by its process ID. If the run has been stopped, the command is killed at once.
    pub(crate) fn add(&self, pid: u32) -> Ticket {
        let mut commands = self.lock();
        let ticket = commands.next;
        commands.next += 1;
        let stopped = commands.is_closed.then_some(Stopped::Ended);
        if stopped.is_some() {
            kill_tree(pid);
        }
        commands.running.insert(ticket, (pid, stopped));
        Ticket(ticket)
    }

    /// Removes a command that has ended and is not reaped yet; returns why it was stopped, if it was.
    ///
    /// Afterwards the number of its process may be used again, and nobody here kills it.
    pub(crate) fn remove(&self, ticket: Ticket) -> Option<Stopped> {
        self.lock().running.remove(&ticket.0).and_then(|(_, stopped)| stopped)
    }

    /// Returns the process IDs of the first `most` commands, the oldest first.
    pub(crate) fn oldest(&self, most: usize) -> Vec<u32> {
        self.lock().running.values().take(most).map(|(pid, _)| *pid).collect()
    }

    /// Kills all commands with their descendants, and those that are added later.
    pub(crate) fn stop_all(&self) {
        let mut commands = self.lock();
        commands.is_closed = true;
        for (pid, stopped) in commands.running.values_mut() {
            *stopped = Some(Stopped::Ended);
            // Under the lock: nobody reaps it meanwhile.
            kill_tree(*pid);
        }
    }

    /// Kills the command that started last with its descendants, unless it is the only one; returns
    /// whether one was killed.
    pub(crate) fn stop_youngest(&self) -> bool {
        let mut commands = self.lock();
        if commands.running.len() < 2 {
            return false;
        }
        let Some((pid, stopped)) = commands.running.values_mut().rev().find(|(_, stopped)| stopped.is_none())
        else {
            return false;
        };
        *stopped = Some(Stopped::Memory);
        kill_tree(*pid);
        true
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn sleeper() -> Child {
        Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().expect("sleep")
    }

    fn was_killed(child: &mut Child) -> bool {
        child.wait().expect("waited").signal() == Some(libc::SIGKILL)
    }

    #[test]
    fn the_youngest_is_stopped_and_never_the_only_one() {
        let running = Running::default();
        let (mut old, mut young) = (sleeper(), sleeper());
        let first = running.add(old.id());
        assert!(!running.stop_youngest());
        let second = running.add(young.id());
        assert!(running.stop_youngest());
        assert!(was_killed(&mut young));
        assert_eq!(running.remove(second), Some(Stopped::Memory));
        running.stop_all();
        assert!(was_killed(&mut old));
        assert_eq!(running.remove(first), Some(Stopped::Ended));
    }

    #[test]
    fn a_command_that_starts_too_late_is_killed_at_once() {
        let running = Running::default();
        running.stop_all();
        let mut late = sleeper();
        let ticket = running.add(late.id());
        assert!(was_killed(&mut late));
        assert_eq!(running.remove(ticket), Some(Stopped::Ended));
    }
}
