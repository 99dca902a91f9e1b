//! What a command that starts processes holds while it runs: their group, and the user's interrupt.

use conc::code::Code;
use conc::host::group::Group;
use conc::host::reexec::Reexec;
use conc::host::{Interrupt, limits};

use crate::cli::failure::Failure;

/// The processes of this run; all of them end with it.
#[derive(Debug)]
pub(crate) struct Guard {
    /// The group they are started in.
    pub(crate) group: Group,
    /// Raised by Ctrl-C, and by what else asks a program to end.
    pub(crate) interrupt: Interrupt,
}

impl Guard {
    /// Starts the group and listens for the user.
    pub(crate) fn start() -> Result<Self, Failure> {
        limits::raise_open_files();
        let failed = |error: &dyn std::fmt::Display| Failure::Run(Code::HostSpawn, error.to_string());
        let exe = std::env::current_exe().map_err(|e| failed(&e))?;
        let group = Group::start(&Reexec::new(exe)).map_err(|e| failed(&e))?;
        let interrupt = Interrupt::default();
        let (raised, killer) = (interrupt.clone(), group.killer());
        ctrlc::set_handler(move || {
            // In this order: whoever sees its child die has to find out why.
            raised.raise();
            killer.kill();
        })
        .map_err(|e| failed(&e))?;
        Ok(Guard { group, interrupt })
    }
}
