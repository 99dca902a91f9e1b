//! The surroundings of the corpus programs: files, a slow server, a pipe without a writer, a lock, a database.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::build;
use crate::case::{Case, Subject};
use crate::postgres::Postgres;
use crate::slow_server;

/// Bytes of the file to be read.
const DATA: usize = 8 << 20;

/// A directory on a disk, and the resources outside of the directory.
pub(crate) struct Sandbox {
    directory: TempDir,
    port: u16,
    cases: AtomicUsize,
    postgres: Option<Postgres>,
    _pipe: File,
    _lock: File,
    _database: Mutex<Connection>,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        // Below the target directory, because temporary directories may be in memory.
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let folder = directory.path();
        let noise = noise(DATA);
        fs::write(folder.join("data"), &noise).unwrap();
        fs::write(folder.join("data.txt"), &noise[..DATA / 64]).unwrap();
        let pipe = folder.join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let pipe = OpenOptions::new().read(true).write(true).open(pipe).unwrap();
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap();
        let database = Connection::open(folder.join("locked.db")).unwrap();
        database.execute_batch("CREATE TABLE t (x); BEGIN EXCLUSIVE").unwrap();
        build::programs(&folder.join("build"));
        let postgres = Postgres::start();
        if postgres.is_some() {
            fs::create_dir(folder.join("postgres")).unwrap();
            fs::write(folder.join("postgres/ready"), "").unwrap();
        }
        let cases = AtomicUsize::new(0);
        let port = slow_server::start();
        Sandbox {
            directory,
            port,
            cases,
            postgres,
            _pipe: pipe,
            _lock: lock,
            _database: Mutex::new(database),
        }
    }

    /// Folder with everything that the programs use.
    pub(crate) fn folder(&self) -> &Path {
        self.directory.path()
    }

    /// Runs `conc profile` on a case, in a folder of its own, and returns its output.
    pub(crate) fn profile(&self, case: &Case) -> Output {
        let number = self.cases.fetch_add(1, Ordering::Relaxed);
        let folder = self.folder().join(format!("case-{number}"));
        fs::create_dir_all(folder.join("state")).unwrap();
        for shared in ["data", "data.txt", "pipe", "lock", "locked.db", "build"] {
            symlink(self.folder().join(shared), folder.join(shared)).unwrap();
        }
        let free = free_port().to_string();
        let filled = |word: &str| word.replace("PORT", &self.port.to_string()).replace("FREE", &free);
        let configuration = build::NGINX.replace("PORT", &self.port.to_string()).replace("FREE", &free);
        fs::write(folder.join("state/nginx.conf"), configuration).unwrap();
        let mut conc = self.command(env!("CARGO_BIN_EXE_conc"), &folder);
        conc.args(["profile", "--json", "--for", case.time]).stdin(Stdio::null());
        let output = match &case.subject {
            Subject::Command(argv) => {
                conc.args(["--ignore-failure", "--"]).args(argv.iter().map(|word| filled(word))).output()
            }
            Subject::Process(line) => {
                let mut shell = self.command("sh", &folder);
                let process = Running::start(shell.args(["-c", &filled(line)]));
                conc.args(["--pid", &process.pid]).output()
            }
        };
        let _ = fs::remove_dir_all(&folder);
        output.unwrap()
    }

    fn command(&self, program: &str, folder: &Path) -> Command {
        let mut command = Command::new(program);
        // Open MPI refuses to run as root unless both are set.
        command
            .current_dir(folder)
            .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
            .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
        if let Some(postgres) = &self.postgres {
            postgres.point_to(&mut command);
        }
        command
    }
}

/// A process group that a line for a shell started, until it is dropped.
struct Running {
    shell: Child,
    /// The number of the process to be profiled.
    pid: String,
    /// Kept open for those that still write to it.
    _output: BufReader<std::process::ChildStdout>,
}

impl Running {
    /// Starts a shell and waits until it prints a number.
    fn start(shell: &mut Command) -> Self {
        let mut shell = shell.stdin(Stdio::null()).stdout(Stdio::piped()).process_group(0).spawn().unwrap();
        let mut output = BufReader::new(shell.stdout.take().unwrap());
        let mut pid = String::new();
        output.read_line(&mut pid).unwrap();
        Running { shell, pid: pid.trim().to_owned(), _output: output }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = -i32::try_from(self.shell.id()).unwrap();
        // Nobody is left if all of them ended by themselves.
        let _ = Command::new("kill").args(["-KILL", "--", &group.to_string()]).stderr(Stdio::null()).status();
        self.shell.wait().unwrap();
    }
}

/// Returns a port that nobody listens on.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Bytes that do not compress well, in lines.
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
