//! `sqlite`: runs one SQL statement against a database in WAL mode.
//!
//! SQLite has no async form of its own: an event loop goes through the blocking pool. Every task in
//! flight has a connection to itself. What is set per connection is left at SQLite's default, so each
//! writing statement is a transaction that waits for the device (`synchronous = FULL`).

mod rows;
mod setup;

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::types::Value;
use rusqlite::{CachedStatement, Connection, ErrorCode, params_from_iter};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::diagnostics::Code;
use crate::error::Error;
use crate::workload::env::Env;
use crate::workload::item::Item;
use crate::workload::spec::SqliteSpec;
use crate::workload::step::checkout::Checkout;
use crate::workload::step::offload::offload;
use crate::workload::step::{StepOutput, TaskContext, deadline};

/// Time that a statement waits for the writer's lock if the task has no deadline.
const MAX_LOCK_WAIT: Duration = Duration::from_secs(60);

/// A statement and the database it is run against.
#[derive(Debug)]
pub struct Sqlite {
    database: Arc<Database>,
}

impl Sqlite {
    /// Opens the database, runs the setup unless it has been run in this batch, and checks the query.
    pub fn prepare(spec: &SqliteSpec, env: &Env) -> Result<Self, String> {
        let path = spec.path.clone().unwrap_or_else(|| env.state_dir.join("sqlite.db"));
        let cannot = |doing: &str, error: rusqlite::Error| format!("cannot {doing}: {error}");
        let connection = open(&path).map_err(|error| cannot("open the database", error))?;
        setup::once(&connection, &path, spec.setup.as_deref(), &env.state_dir)?;
        let parameters = connection
            .prepare_cached(&spec.query)
            .map_err(|error| cannot("use the query", error))?
            .parameter_count();
        if parameters > 1 {
            return Err(format!("the query has {parameters} parameters; only ?1, the item, is bound"));
        }
        let database = Database {
            path,
            query: spec.query.clone(),
            writes: spec.writes,
            connections: Checkout::new(vec![connection]),
        };
        Ok(Sqlite { database: Arc::new(database) })
    }

    /// Runs the statement on the calling thread. The output is the rows changed if the statement
    /// writes, else the rows returned.
    ///
    /// Waiting for the writer's lock ends at the deadline; a long statement is not interrupted.
    pub fn run_blocking(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        self.database.run(task.index, value_of(task.item), task.deadline)
    }

    /// Runs the statement on the blocking pool.
    pub async fn run_async(&self, task: &TaskContext<'_>) -> Result<StepOutput, Error> {
        let (database, index, item, until) =
            (Arc::clone(&self.database), task.index, value_of(task.item), task.deadline);
        offload(move || database.run(index, item, until)).await
    }
}

fn open(path: &std::path::Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(MAX_LOCK_WAIT)?;
    Ok(connection)
}

fn value_of(item: Item<'_>) -> Value {
    match item {
        // SQLite has no unsigned integers; an index beyond the signed ones has never been seen.
        Item::Index(index) => Value::Integer(index as i64),
        Item::Text(text) => Value::Text(text.to_owned()),
    }
}

/// The data that running the statement needs on any thread.
#[derive(Debug)]
struct Database {
    path: PathBuf,
    query: String,
    writes: bool,
    connections: Checkout<Connection>,
}

impl Database {
    fn run(&self, index: u64, item: Value, until: Option<Instant>) -> Result<StepOutput, Error> {
        deadline::check(until)?;
        let result = self.connections.with(
            || open(&self.path),
            |connection| {
                connection.busy_timeout(lock_wait(until))?;
                self.execute(connection, index, item)
            },
        );
        // A statement that ended too late, or waited for a lock until too late, has timed out.
        deadline::check(until)?;
        result.map_err(|error| self.failure(&error))
    }

    fn execute(&self, connection: &Connection, index: u64, item: Value) -> rusqlite::Result<StepOutput> {
        let before = connection.total_changes();
        let mut statement: CachedStatement<'_> = connection.prepare_cached(&self.query)?;
        let bound = (statement.parameter_count() > 0).then_some(item);
        let rows = rows::encode(&mut statement.query(params_from_iter(bound))?)?;
        if self.writes {
            let changed = connection.total_changes() - before;
            return Ok(StepOutput::of_number(xxh3_64_with_seed(&changed.to_le_bytes(), index)));
        }
        let digest = xxh3_64_with_seed(&rows.digest.to_le_bytes(), index);
        Ok(StepOutput { digest, bytes: rows.bytes.into() })
    }

    fn failure(&self, error: &rusqlite::Error) -> Error {
        // SQLite says only that it cannot open a file; opening it again tells why.
        if error.sqlite_error_code() == Some(ErrorCode::CannotOpen)
            && let Err(why) = File::open(&self.path)
        {
            return Error::from_io(Code::TaskSqlite, "open the database", &why);
        }
        Error::new(Code::TaskSqlite, error.to_string())
    }
}

/// Returns the time that a statement may wait for the writer's lock, at least one millisecond: SQLite counts
/// whole milliseconds, and zero means not to wait at all.
fn lock_wait(until: Option<Instant>) -> Duration {
    deadline::left(until).map_or(MAX_LOCK_WAIT, |left| left + Duration::from_millis(1)).min(MAX_LOCK_WAIT)
}

#[cfg(test)]
mod tests;
