//! A PostgreSQL server of its own.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Makes a database in folder `$1` and serves it; the server refuses to run as root. A query ends soon after
/// its client.
const SERVE: &str = r#"
    bin=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1) && [ -x "$bin/postgres" ] || exit 1
    [ "$(id -u)" != 0 ] || { chown postgres "$1"; as="setpriv --reuid=postgres --regid=postgres --clear-groups"; }
    cd "$1" && $as "$bin/initdb" -D db -A trust -N -U postgres > /dev/null || exit 1
    exec $as "$bin/postgres" -D db -k "$1" -c listen_addresses= -c client_connection_check_interval=100 > /dev/null 2>&1
"#;

/// Time after which a server that does not answer is taken for missing.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server, until it is dropped.
pub(crate) struct Postgres {
    folder: TempDir,
    server: Child,
}

impl Postgres {
    /// Starts a server; `None` if it is not installed.
    pub(crate) fn start() -> Option<Self> {
        // Its user may read it: the folder of the other programs may be below a home directory.
        let folder = tempfile::Builder::new().permissions(permissions()).tempdir().unwrap();
        let server = Command::new("sh")
            .args(["-c", SERVE, "sh"])
            .arg(folder.path())
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut postgres = Postgres { folder, server };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE && postgres.server.try_wait().unwrap().is_none() {
            let mut question = Command::new("psql");
            postgres.point_to(&mut question);
            let answer = question.args(["-c", ""]).stdout(Stdio::null()).stderr(Stdio::null()).status();
            if answer.ok()?.success() {
                return Some(postgres);
            }
            thread::sleep(Duration::from_millis(50));
        }
        None
    }

    /// Lets a command find the server.
    pub(crate) fn point_to(&self, command: &mut Command) {
        command
            .env("PGHOST", self.folder.path())
            .env("PGFOLDER", self.folder.path())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", "postgres");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // On an interrupt it ends its sessions and removes what it shares with them.
        let _ = Command::new("kill").args(["-INT", &self.server.id().to_string()]).status();
        self.server.wait().unwrap();
    }
}

fn permissions() -> std::fs::Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o755)
}
