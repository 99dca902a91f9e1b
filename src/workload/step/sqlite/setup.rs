//! Making a database ready, once, however many processes want to do so at the same time.

use std::fmt::Display;
use std::fs::File;
use std::path::Path;

use rusqlite::Connection;
use xxhash_rust::xxh3::xxh3_64;

/// Switches the database to WAL mode and runs the statements of `setup`, unless that has been done
/// for this database and these statements since `state_dir` was made.
///
/// Errors are fragments of messages for users.
pub(super) fn once(
    connection: &Connection,
    database: &Path,
    setup: Option<&str>,
    state_dir: &Path,
) -> Result<(), String> {
    let failed = |doing: &str, error: &dyn Display| format!("cannot {doing}: {error}");
    let lock = File::options().write(true).create(true).truncate(false).open(state_dir.join("sqlite-setup"));
    let lock = lock.map_err(|error| failed("open the lock of the setup", &error))?;
    // Closing the file, at the end of the function, unlocks it.
    lock.lock().map_err(|error| failed("lock the setup", &error))?;

    let marker = state_dir.join(marker_name(database, setup));
    if marker.exists() {
        return Ok(());
    }
    use_wal(connection)?;
    connection.execute_batch(setup.unwrap_or_default()).map_err(|error| failed("run the setup", &error))?;
    File::create(&marker).map_err(|error| failed("mark the setup as done", &error))?;
    Ok(())
}

fn marker_name(database: &Path, setup: Option<&str>) -> String {
    let what = format!("{}\0{}", database.display(), setup.unwrap_or_default());
    format!("sqlite-setup-{:016x}", xxh3_64(what.as_bytes()))
}

/// Databases remember the mode, so one connection switches for all.
fn use_wal(connection: &Connection) -> Result<(), String> {
    let mode: String = connection
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .map_err(|error| format!("cannot switch to WAL mode: {error}"))?;
    if mode == "wal" { Ok(()) } else { Err(format!("the database stays in {mode} mode instead of WAL")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_at_once_run_the_setup_once() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("db");
        let setup = "CREATE TABLE t (n); INSERT INTO t VALUES (1);";
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let connection = Connection::open(&database).unwrap();
                    once(&connection, &database, Some(setup), dir.path()).unwrap();
                });
            }
        });
        let connection = Connection::open(&database).unwrap();
        let rows: i64 = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn other_statements_are_another_setup() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("db");
        let connection = Connection::open(&database).unwrap();
        for setup in ["CREATE TABLE a (n)", "CREATE TABLE b (n)"] {
            once(&connection, &database, Some(setup), dir.path()).unwrap();
        }
        assert!(connection.prepare("SELECT * FROM a, b").is_ok());
    }

    #[test]
    fn a_setup_that_failed_is_not_done() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("db");
        let connection = Connection::open(&database).unwrap();
        for _ in 0..2 {
            let error = once(&connection, &database, Some("CREATE TABEL t"), dir.path()).unwrap_err();
            assert!(error.starts_with("cannot run the setup"), "{error}");
        }
    }

    #[test]
    fn a_database_that_cannot_use_wal_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let connection = Connection::open_in_memory().unwrap();
        let error = once(&connection, Path::new("memory"), None, dir.path()).unwrap_err();
        assert!(error.contains("memory mode"), "{error}");
    }
}
