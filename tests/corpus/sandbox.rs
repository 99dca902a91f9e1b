//! The surroundings of the corpus programs: files, a slow server, a pipe without a writer, a lock.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::cases::Case;

/// Bytes of the file to be read.
const DATA: usize = 8 << 20;

/// A directory on a disk, and the resources outside of the directory.
pub(crate) struct Sandbox {
    directory: TempDir,
    port: u16,
    _pipe: File,
    _lock: File,
    _database: Connection,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        // Below the target directory, because temporary directories may be in memory.
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        fs::write(directory.path().join("data"), noise(DATA)).unwrap();
        let pipe = directory.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let pipe = OpenOptions::new().read(true).write(true).open(pipe).unwrap();
        let lock = File::create(directory.path().join("lock")).unwrap();
        lock.lock().unwrap();
        let database = Connection::open(directory.path().join("locked.db")).unwrap();
        database.execute_batch("CREATE TABLE t (x); BEGIN EXCLUSIVE").unwrap();
        Sandbox { directory, port: serve(), _pipe: pipe, _lock: lock, _database: database }
    }

    /// Runs `conc profile` on a case and returns its output.
    pub(crate) fn profile(&self, case: &Case) -> Output {
        let state: PathBuf = self.directory.path().join("state");
        let _ = fs::remove_dir_all(&state);
        fs::create_dir(&state).unwrap();
        let argv = case.argv.iter().map(|word| word.replace("PORT", &self.port.to_string()));
        Command::new(env!("CARGO_BIN_EXE_conc"))
            .args(["profile", "--json", "--ignore-failure", "--for", case.time, "--"])
            .args(argv)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }
}

/// Bytes that do not compress well.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = || {
        // Marsaglia, Xorshift RNGs, 2003.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8 & 0x3f
    };
    (0..length).map(|_| next()).collect()
}

/// Starts a slow server: `/page` takes 60 ms, `/stream` takes 20 ms for each piece and does not end for two
/// seconds, `/half` ends after half a second.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    port
}

/// Answers one client; a client that has left, as a killed one does, is not an error.
fn answer(mut stream: TcpStream) -> Option<()> {
    let mut request = [0; 1024];
    let length = stream.read(&mut request).ok()?;
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let pieces = match request.split(' ').nth(1)? {
        "/page" => 3,
        "/half" => 25,
        _ => 100,
    };
    let piece = [b'x'; 4096];
    let head =
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", pieces * piece.len());
    stream.write_all(head.as_bytes()).ok()?;
    for _ in 0..pieces {
        thread::sleep(Duration::from_millis(20));
        stream.write_all(&piece).ok()?;
    }
    Some(())
}
