//! A place where a process asks the system, and the answers that it may get there.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use nix::libc;

/// A place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The kind of question, such as `read`.
    pub(super) call: String,
    /// The place in the program, as the library tells it.
    pub(super) hash: String,
    /// The role of the process: `main` or that of a child, such as `__batch`.
    pub(super) role: String,
    /// The descriptor that the question was about; below 0 if about none.
    pub(super) file: i32,
    /// The kind of the descriptor: `f` for a file, `p` for a pipe or a socket.
    pub(super) kind: char,
    /// How often a process asked there, at least.
    pub(super) count: u32,
    /// Addresses of the innermost functions of the program.
    pub(super) stack: Vec<String>,
}

/// An answer that is not the usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Effect {
    /// An error, by its number.
    Error(i32),
    /// Half of what was asked for is read or written.
    Short,
    /// The process is killed.
    Kill,
    /// The process is stopped for a moment, as by a suspended machine.
    Stop,
    /// The time of day goes back by an hour.
    Back,
    /// Every clock is ahead by an hour, as after a virtual machine was stopped.
    Ahead,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Effect::Error(number) => write!(f, "{number}"),
            Effect::Short => f.write_str("short"),
            Effect::Kill => f.write_str("kill"),
            Effect::Stop => f.write_str("stop"),
            Effect::Back => f.write_str("back"),
            Effect::Ahead => f.write_str("ahead"),
        }
    }
}

impl Effect {
    /// Returns a name for tables.
    pub(super) fn name(self) -> String {
        match self {
            Effect::Error(number) => {
                nix::errno::Errno::from_raw(number).to_string().split(':').next().unwrap().to_owned()
            }
            other => other.to_string(),
        }
    }

    /// Returns true for an answer after which everything goes on as usual.
    pub(super) fn is_harmless(self) -> bool {
        matches!(self, Effect::Error(libc::EINTR) | Effect::Short | Effect::Stop | Effect::Back)
    }

    /// Returns how the system describes an error, without its number.
    pub(super) fn in_words(self) -> Option<String> {
        let Effect::Error(number) = self else { return None };
        let text = std::io::Error::from_raw_os_error(number).to_string();
        Some(text.split(" (os error").next().unwrap_or_default().to_owned())
    }
}

impl Place {
    /// Reads a line of the library.
    pub(super) fn parse(line: &str) -> Option<Place> {
        let mut words = line.split(' ');
        let mut word = || words.next().map(str::to_owned);
        Some(Place {
            call: word()?,
            hash: word()?,
            count: word()?.parse().ok()?,
            role: word()?,
            file: word()?.parse().ok()?,
            kind: word()?.chars().next()?,
            stack: words.map(str::to_owned).collect(),
        })
    }

    /// Returns the answers that the system may give there.
    pub(super) fn effects(&self) -> Vec<Effect> {
        let errors: &[i32] = match (self.call.as_str(), self.kind) {
            ("open" | "accept", _) => &[libc::EMFILE, libc::EIO],
            ("create", _) => &[libc::ENOSPC, libc::EMFILE, libc::EIO],
            ("read", _) => &[libc::EIO, libc::EINTR],
            ("receive", _) => &[libc::EINTR],
            ("write", 'f') => &[libc::ENOSPC, libc::EIO, libc::EINTR],
            ("write" | "send", _) if (0..3).contains(&self.file) => &[libc::EPIPE, libc::EINTR, libc::EAGAIN],
            // The other end of a pipe is gone with its process, which is killed elsewhere.
            ("write" | "send", _) => &[libc::EINTR],
            ("sync", _) => &[libc::EIO, libc::ENOSPC],
            ("rename" | "mkdir", _) => &[libc::ENOSPC, libc::EIO],
            ("remove", _) => &[libc::EIO],
            ("reserve", _) => &[libc::ENOSPC],
            ("lock", _) => &[libc::ENOLCK, libc::EINTR],
            ("map", _) => &[libc::ENOMEM],
            ("pipe" | "socket", _) => &[libc::EMFILE],
            ("connect", _) => &[libc::ECONNREFUSED],
            ("spawn", _) => &[libc::EAGAIN, libc::ENOMEM],
            ("thread", _) => &[libc::EAGAIN],
            ("wait", _) => &[libc::EINTR],
            _ => &[],
        };
        let mut effects: Vec<Effect> = errors.iter().map(|number| Effect::Error(*number)).collect();
        match self.call.as_str() {
            "realtime" => return vec![Effect::Back, Effect::Ahead],
            "monotonic" => return vec![Effect::Ahead],
            "read" | "receive" | "write" | "send" if self.kind != '-' => effects.push(Effect::Short),
            _ => {}
        }
        if self.role != "main" {
            effects.push(Effect::Kill);
        }
        if matches!(self.call.as_str(), "spawn" | "wait" | "mkdir") {
            effects.push(Effect::Stop);
        }
        effects
    }
}

/// Reads the places that the processes of a run have noted, each once.
pub(super) fn read_places(log: &Path) -> Vec<Place> {
    let mut places: BTreeMap<(String, String), Place> = BTreeMap::new();
    for entry in fs::read_dir(log).unwrap() {
        let path = entry.unwrap().path();
        let is_log = path.file_name().unwrap().to_str().unwrap().parse::<u32>().is_ok();
        let text = if is_log { fs::read_to_string(path).unwrap() } else { String::new() };
        for place in text.lines().filter_map(Place::parse) {
            let known =
                places.entry((place.call.clone(), place.hash.clone())).or_insert_with(|| place.clone());
            known.count = known.count.max(place.count);
        }
    }
    places.into_values().collect()
}
