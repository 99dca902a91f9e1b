//! The `sqlite` step against real databases.

use super::*;
use crate::workload::spec::StepSpec;
use crate::workload::step::testing::{both_forms, env, late_task, patient_task, task};

const TABLE: &str = "CREATE TABLE t (item)";

fn spec(setup: &str, query: &str, writes: bool) -> SqliteSpec {
    SqliteSpec { path: None, setup: Some(setup.into()), query: query.into(), writes }
}

fn insert() -> SqliteSpec {
    spec(TABLE, "INSERT INTO t VALUES (?1)", true)
}

fn numbers(step: &Sqlite, query: &str) -> Vec<i64> {
    let connection = open(&step.database.path).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn many_threads_of_two_processes_write_every_row() {
    const EACH: u64 = 25;
    let dir = tempfile::tempdir().unwrap();
    let steps = [(); 2].map(|()| Sqlite::prepare(&insert(), &env(dir.path())).unwrap());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let step = &steps[thread as usize % 2];
            scope.spawn(move || {
                for i in 0..EACH {
                    step.run_blocking(&task(thread * EACH + i)).unwrap();
                }
            });
        }
    });
    let expected: Vec<i64> = (0..8 * EACH as i64).collect();
    assert_eq!(numbers(&steps[0], "SELECT item FROM t ORDER BY item"), expected);
}

#[tokio::test]
async fn both_forms_write_a_row_and_count_it() {
    let dir = tempfile::tempdir().unwrap();
    let env = env(dir.path());
    let first = both_forms(&StepSpec::Sqlite(insert()), &env, 1).await.unwrap();
    let second = both_forms(&StepSpec::Sqlite(insert()), &env, 2).await.unwrap();
    assert_ne!(first, second);
    let step = Sqlite::prepare(&insert(), &env).unwrap();
    assert_eq!(numbers(&step, "SELECT count(*) FROM t"), [4]);
}

#[tokio::test]
async fn both_forms_return_the_rows_they_read() {
    let dir = tempfile::tempdir().unwrap();
    let setup = "CREATE TABLE t (id, name); INSERT INTO t VALUES (1, 'one'), (2, 'two'), (2, 'zwei')";
    let query = StepSpec::Sqlite(spec(setup, "SELECT name FROM t WHERE id = ?1", false));
    let one = both_forms(&query, &env(dir.path()), 1).await.unwrap();
    let two = both_forms(&query, &env(dir.path()), 2).await.unwrap();
    let none = both_forms(&query, &env(dir.path()), 3).await.unwrap();
    assert!(one.bytes.ends_with(b"one") && two.bytes.ends_with(b"zwei") && none.bytes.is_empty());
    assert!(one.digest != two.digest && two.digest != none.digest);
}

#[test]
fn the_item_is_bound_as_text_or_number_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let run = |query: &str, item| {
        let step = Sqlite::prepare(&spec("", query, false), &env(dir.path())).unwrap();
        step.run_blocking(&TaskContext { item, ..task(0) }).unwrap().bytes
    };
    assert!(run("SELECT typeof(?1)", Item::Text("7")).ends_with(b"text"));
    assert!(run("SELECT typeof(?1)", Item::Index(7)).ends_with(b"integer"));
    assert!(run("SELECT 'none'", Item::Index(7)).ends_with(b"none"));
}

#[test]
fn the_database_is_in_wal_mode() {
    let dir = tempfile::tempdir().unwrap();
    let step = Sqlite::prepare(&spec("", "PRAGMA journal_mode", false), &env(dir.path())).unwrap();
    assert!(step.run_blocking(&task(0)).unwrap().bytes.ends_with(b"wal"));
}

#[test]
fn a_query_that_cannot_run_is_refused_before_any_task() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |query: &str| Sqlite::prepare(&spec("", query, false), &env(dir.path())).unwrap_err();
    assert!(refused("SELECT * FROM missing").contains("no such table"));
    assert!(refused("SELECT ?1, ?2").contains("2 parameters"));
}

#[test]
fn a_statement_that_fails_is_an_sqlite_error() {
    let dir = tempfile::tempdir().unwrap();
    let unique = spec("CREATE TABLE t (item UNIQUE)", "INSERT INTO t VALUES (?1)", true);
    let step = Sqlite::prepare(&unique, &env(dir.path())).unwrap();
    step.run_blocking(&task(7)).unwrap();
    let error = step.run_blocking(&task(7)).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (Code::TaskSqlite, "UNIQUE constraint failed: t.item"));
    step.run_blocking(&task(8)).unwrap();
}

#[test]
fn waiting_for_the_writer_ends_at_the_deadline() {
    let dir = tempfile::tempdir().unwrap();
    let step = Sqlite::prepare(&insert(), &env(dir.path())).unwrap();
    let writer = open(&step.database.path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let hasty = TaskContext { deadline: Some(Instant::now() + Duration::from_millis(10)), ..task(0) };
    assert!(step.run_blocking(&hasty).unwrap_err().is_timeout());
    writer.execute_batch("ROLLBACK").unwrap();
    step.run_blocking(&patient_task(0)).unwrap();
}

#[test]
fn a_late_task_times_out() {
    let dir = tempfile::tempdir().unwrap();
    let step = Sqlite::prepare(&insert(), &env(dir.path())).unwrap();
    assert!(step.run_blocking(&late_task(0)).unwrap_err().is_timeout());
    assert_eq!(numbers(&step, "SELECT count(*) FROM t"), [0]);
}

#[test]
fn a_directory_that_is_gone_is_named_as_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("none/db");
    let connections = Checkout::new(vec![]);
    let database = Database { path, query: "SELECT 1".into(), writes: false, connections };
    let error = database.run(0, Value::Null, None).unwrap_err();
    assert_eq!(error.code, Code::TaskSqlite);
    assert!(error.message.contains("No such file"), "{error}");
}
