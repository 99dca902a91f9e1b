//! The signals that ask this program to end.

use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};
use tokio::signal::unix::{SignalKind, signal};

use crate::diagnostics::Code;
use crate::error::ExitStatus;
use crate::host::inherited::{ignore_again, note_ignored_signals, was_ignored};
use crate::host::suspension::while_stopped;
use crate::job::shutdown::{Shutdown, Stop};
use crate::study::{KillSwitch, RunGuard};

use crate::cli::failure::Failure;

/// Time within which another signal is the same request: a wrapper passes on the Ctrl-C that the terminal has sent
/// to both, and nobody presses the keys twice so fast.
const ECHO: Duration = Duration::from_millis(100);

/// Handles the signals that ask this program to end; they trigger the switch.
pub(crate) fn handle() -> Result<KillSwitch, Failure> {
    let switch = KillSwitch::default();
    let mut ending = Ending::of(&switch);
    install(move || ending.ask())?;
    follow_stops(&switch)?;
    Ok(switch)
}

/// Calls `on_signal` for every request to end; signals that were ignored at the start are none.
fn install(mut on_signal: impl FnMut() + 'static + Send) -> Result<(), Failure> {
    note_ignored_signals();
    let mut asked: Option<Instant> = None;
    let handler = move || {
        if asked.is_none_or(|asked| asked.elapsed() >= ECHO) {
            asked = Some(Instant::now());
            on_signal();
        }
    };
    ctrlc::set_handler(handler).map_err(|error| {
        // It says what went wrong only to those who ask for the error inside.
        let why = match error {
            ctrlc::Error::System(error) => error.to_string(),
            other => other.to_string(),
        };
        Failure::coded(Code::HostSpawn, format!("cannot handle signals: {why}"))
    })?;
    ignore_again();
    Ok(())
}

/// The end of a run: at the first request it ends with what it knows, at the next at once.
struct Ending {
    switch: KillSwitch,
    is_asked: bool,
}

impl Ending {
    fn of(switch: &KillSwitch) -> Self {
        Ending { switch: switch.clone(), is_asked: false }
    }

    fn ask(&mut self) {
        if std::mem::replace(&mut self.is_asked, true) {
            self.leave();
        } else {
            self.trigger();
        }
    }

    /// Triggers the switch in another thread: it returns only when the run has ended, and this one listens.
    fn trigger(&self) {
        let switch = self.switch.clone();
        let trigger = move || switch.trigger();
        if thread::Builder::new().name("ending".to_owned()).spawn(trigger).is_err() {
            self.switch.trigger();
        }
    }

    fn leave(&self) {
        self.switch.abandon();
        process::exit(ExitStatus::Interrupted.number().into());
    }
}

/// Starts the process group of a run that signals end.
pub(crate) fn guarded() -> Result<RunGuard, Failure> {
    Ok(RunGuard::start(handle()?)?)
}

/// Stops the processes of the run with this program when the terminal asks for it (Ctrl-Z), and lets them go on
/// with it (`fg`): they are in other sessions, which the terminal does not reach.
fn follow_stops(switch: &KillSwitch) -> Result<(), Failure> {
    if was_ignored(Signal::SIGTSTP) {
        return Ok(());
    }
    let failed = |error: std::io::Error| Failure::coded(Code::HostSpawn, error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    let mut asked = {
        let _entered = runtime.enter();
        signal(SignalKind::from_raw(Signal::SIGTSTP as i32)).map_err(failed)?
    };
    let switch = switch.clone();
    let following = move || {
        while runtime.block_on(asked.recv()).is_some() {
            switch.stop_while(|| {
                while_stopped(|| {
                    // Nothing can refuse it. Sent to this thread, so that it returns only when the program goes
                    // on; another thread would stop the program some time after this one had gone on.
                    let _ = raise(Signal::SIGSTOP);
                });
            });
        }
    };
    thread::Builder::new().name("stops".to_owned()).spawn(following).map(drop).map_err(failed)
}

/// Starts the process group of a run that ends by degrees: the first signal lets items end that run, the second
/// kills them, the third ends this program at once. Before there are items, the first kills what gets ready.
pub(crate) fn graceful(shutdown: &Shutdown) -> Result<RunGuard, Failure> {
    let switch = KillSwitch::default();
    let (mut ending, shutdown) = (Ending::of(&switch), shutdown.clone());
    let on_signal = move || {
        if shutdown.ask_by_signal() == Stop::Now {
            ending.ask();
        }
    };
    install(on_signal)?;
    follow_stops(&switch)?;
    Ok(RunGuard::start(switch)?)
}

/// The part of a command that runs on an engine: a signal lets it end, because what was submitted has to be cancelled.
#[derive(Debug, Clone, Default)]
pub(crate) struct EnginePhase {
    shutdown: Shutdown,
    has_begun: Arc<AtomicBool>,
    is_interrupted: Arc<AtomicBool>,
}

impl EnginePhase {
    /// Returns the request to end.
    pub(crate) fn shutdown(&self) -> &Shutdown {
        &self.shutdown
    }

    /// Says that the part begins.
    pub(crate) fn begin(&self) {
        self.has_begun.store(true, Ordering::Relaxed);
    }

    /// Returns true if the user has asked for the end.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.is_interrupted.load(Ordering::Relaxed)
    }

    /// Starts the process group of a command with such a part: before it, signals kill the group at once.
    pub(crate) fn guard(&self) -> Result<RunGuard, Failure> {
        let switch = KillSwitch::default();
        let (mut ending, phase) = (Ending::of(&switch), self.clone());
        let on_signal = move || {
            let is_first = !phase.is_interrupted.swap(true, Ordering::Relaxed);
            if phase.has_begun.load(Ordering::Relaxed) && is_first {
                phase.shutdown.ask(Stop::Soon);
            } else {
                phase.shutdown.ask(Stop::Now);
                ending.ask();
            }
        };
        install(on_signal)?;
        follow_stops(&switch)?;
        Ok(RunGuard::start(switch)?)
    }
}

/// Counts SIGUSR1 as a step up and SIGUSR2 as a step down, from now on.
pub(crate) fn follow_width(steps: &Arc<AtomicI64>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::coded(Code::HostSpawn, error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().map_err(failed)?;
    // Made here, so that no signal that comes later finds the default: it would end this process.
    let (mut up, mut down) = {
        let _entered = runtime.enter();
        let user = |kind| signal(kind).map_err(failed);
        (user(SignalKind::user_defined1())?, user(SignalKind::user_defined2())?)
    };
    let steps = Arc::clone(steps);
    thread::spawn(move || {
        runtime.block_on(async {
            loop {
                let step = tokio::select! {
                    received = up.recv() => received.map(|()| 1),
                    received = down.recv() => received.map(|()| -1),
                };
                let Some(step) = step else { return };
                steps.fetch_add(step, Ordering::Relaxed);
            }
        });
    });
    Ok(())
}
