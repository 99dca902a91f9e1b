//! A workload file as a whole.

use std::path::Path;

use crate::diagnostics::Code;
use crate::host::bounded_read::read_file_at_most;
use crate::workload::input::access::{self, Access};
use crate::workload::input::document::{Reported, Table, read_document};
use crate::workload::input::input_error::{InputError, InputErrors, SourceSpan};
use crate::workload::input::items::read_items_file;
use crate::workload::input::steps::{self, Context};
use crate::workload::input::tables;
use crate::workload::input::value::{self, ValueError};
use crate::workload::item::Items;
use crate::workload::spec::{FixtureSpec, StepSpec, Workload, WorkloadSource};

/// The origin of the text of a workload.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    /// The name of the file in error messages.
    pub(super) file: &'a str,
    /// The directory that `items_from` is relative to.
    pub(super) directory: &'a Path,
    /// The name of a workload that gives itself none.
    pub(super) name: &'a str,
    /// The source that the workload gets.
    pub(super) source: WorkloadSource,
    /// What it may do outside its directory.
    pub(super) access: Access,
}

/// Longest workload file, in bytes.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// Reads a workload file.
///
/// # Errors
///
/// `E-WORKLOAD-007` if there is no such file, else everything that is wrong in it.
pub(crate) fn read_file(path: &Path, access: Access) -> Result<Workload, InputErrors> {
    let bytes = read_file_at_most(path, MAX_FILE_BYTES).map_err(|error| {
        let file = path.display();
        InputError::new(Code::WorkloadNotFound, format!("workload file '{file}' cannot be read: {error}"))
    })?;
    read_bytes(path, bytes, access)
}

/// Reads the contents of a workload file.
///
/// # Errors
/// Every error in it.
pub(crate) fn read_bytes(path: &Path, bytes: Vec<u8>, access: Access) -> Result<Workload, InputErrors> {
    let file = path.to_string_lossy();
    let text = String::from_utf8(bytes).map_err(|error| not_utf8(&file, error.as_bytes()))?;
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let directory = path.parent().unwrap_or(Path::new(""));
    read_text(&Origin { file: &file, directory, name: &stem, source: WorkloadSource::File, access }, &text)
}

/// Reads the text of a workload file.
pub(super) fn read_text(origin: &Origin<'_>, text: &str) -> Result<Workload, InputErrors> {
    read_document(origin.file, text, |root| workload(root, origin))
}

fn not_utf8(file: &str, bytes: &[u8]) -> InputError {
    let text = String::from_utf8_lossy(bytes);
    let start = text.find('\u{fffd}').unwrap_or(0);
    InputError {
        place: Some(SourceSpan::new(file.into(), text.into(), start..start + 1)),
        ..InputError::new(Code::WorkloadSyntax, "the file is not UTF-8")
    }
}

/// Reads every section before it gives up, so that errors in all of them are found.
fn workload(root: &mut Table<'_>, origin: &Origin<'_>) -> Result<Workload, Reported> {
    let name = root.optional("name", value::line);
    let description = root.optional("description", value::line);
    let items = items(root, origin);
    let limits = tables::limits(root);
    let retry = tables::retry(root);
    let fixture = tables::fixture(root);
    // Limits that are wrong are reported as such, and not once more as absent.
    let bounded = limits.as_ref().map_or(true, |l| l.max_in_flight.is_some() || l.rate_per_s.is_some());
    let steps = steps::read(
        root,
        &Context {
            items: items.as_ref().ok().map(|given| &given.0),
            bounded,
            directory: origin.directory,
            access: origin.access,
        },
    );
    if let Ok((steps, _)) = &steps {
        interpreted(root, steps)?;
    }
    let (items, items_from) = items?;
    let (steps, rules) = steps?;
    let mut workload = Workload {
        name: name?.unwrap_or_else(|| origin.name.to_owned()),
        description: description?.unwrap_or_default(),
        source: origin.source,
        items,
        items_from,
        limits: limits?,
        retry: retry?,
        fixture: fixture?,
        steps,
        rules,
    };
    if workload.fixture.is_none() && workload.needs_fixture() {
        workload.fixture = Some(FixtureSpec::default());
    }
    Ok(workload)
}

/// Refuses steps that an interpreter cannot run.
fn interpreted(root: &mut Table<'_>, steps: &[StepSpec]) -> Result<(), Reported> {
    let is_python = |step: &StepSpec| matches!(step, StepSpec::Python(_));
    if !steps.iter().any(is_python) {
        return Ok(());
    }
    if !steps.iter().all(is_python) {
        let wrong = ValueError::new(
            "are not all of kind 'python'; a task runs in an interpreter as a whole or not at all",
        );
        return Err(root.fail("step", wrong.with_code(Code::WorkloadUnsupported)));
    }
    Ok(())
}

/// Reads whichever of `tasks`, `items` and `items_from` there is; returns the path of that file too.
fn items(root: &mut Table<'_>, origin: &Origin<'_>) -> Result<(Items, Option<String>), Reported> {
    let tasks = root.optional("tasks", value::tasks).map(|n| n.map(Items::Count));
    let list = root.optional("items", |value| match value::texts(value)? {
        list if list.is_empty() => Err(ValueError::new("is empty").with_code(Code::WorkloadEmpty)),
        list => Ok(Items::List(list)),
    });
    let lines = root.optional("items_from", |value| {
        let path = value::text(value)?;
        let file = origin.directory.join(&path);
        access::check_items(&file, origin.directory, origin.access)?;
        let items = read_items_file(&file).map_err(|why| {
            ValueError::new(format!("cannot be used: {}", why.message_for(&format!("'{path}'"))))
                .with_code(Code::WorkloadItems)
                .with_help("the path is relative to the workload file")
        })?;
        Ok((items, Some(file.to_string_lossy().into_owned())))
    });
    let given: Vec<_> = ["tasks", "items", "items_from"].into_iter().filter(|key| root.has(key)).collect();
    if let [first, second, ..] = given[..] {
        let wrong = ValueError::new(format!("and `{first}` are both given; keep one of them"));
        return Err(root.fail(second, wrong));
    }
    match (tasks?.or(list?), lines?) {
        (Some(items), _) => Ok((items, None)),
        (None, Some(lines)) => Ok(lines),
        (None, None) => Err(root.missing(
            "tasks",
            Code::WorkloadEmpty,
            "the workload has no tasks".to_owned(),
            Some("write tasks = 100, items = [\"a\", \"b\"] or items_from = \"list.txt\"".to_owned()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::workload::spec::*;

    fn read(text: &str) -> Result<Workload, InputErrors> {
        let origin = Origin {
            file: "w.toml",
            directory: Path::new(""),
            name: "w",
            source: WorkloadSource::File,
            access: Access::default(),
        };
        read_text(&origin, text)
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    const EVERY_SECTION: &str = r#"
        name = "everything"
        description = "One of each"
        items = ["a", "b"]
        [limits]
        max_in_flight = 32
        rate_per_s = 500
        timeout = "5s"
        memory = "2GiB"
        [retry]
        max = 3
        backoff = "constant"
        base = "50ms"
        [fixture]
        latency = { median = "40ms", p99 = "200ms" }
        body = "16KiB"
        error_rate = 0.02
        capacity = 8
        [[step]]
        kind = "sleep"
        for = "1ms"
        workers = 3
    "#;

    #[test]
    fn every_section_is_read() {
        let expected = Workload {
            name: "everything".to_owned(),
            description: "One of each".to_owned(),
            source: WorkloadSource::File,
            items: Items::List(vec!["a".to_owned(), "b".to_owned()]),
            items_from: None,
            limits: WorkloadLimits {
                max_in_flight: Some(32),
                rate_per_s: Some(500.0),
                timeout: Some(ms(5000)),
                memory: Some(2 << 30),
            },
            retry: Some(RetryPolicy { max: 3, backoff: Backoff::Constant, base: ms(50) }),
            fixture: Some(FixtureSpec {
                latency: LatencySpec { median: ms(40), p99: ms(200) },
                body: 16 << 10,
                error_rate: 0.02,
                capacity: Some(8),
            }),
            steps: vec![StepSpec::Sleep(SleepSpec { duration: ms(1) })],
            rules: vec![StepRule { workers: Some(3), ordered: false }],
        };
        assert_eq!(read(EVERY_SECTION), Ok(expected));
    }

    #[test]
    fn a_workload_survives_the_way_to_a_child_process() {
        let workload = read(EVERY_SECTION).expect("a valid workload");
        let json = serde_json::to_string(&workload).expect("plain data");
        assert_eq!(serde_json::from_str::<Workload>(&json).expect("the same data"), workload);
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let text = "tasks = 1\n[[step]]\nkind = 'http'\nurl = 'fixture:/{item}'\n[retry]\nmax = 2";
        let workload = read(text).expect("a valid workload");
        assert_eq!((workload.name.as_str(), workload.description.as_str()), ("w", ""));
        assert_eq!(workload.limits, WorkloadLimits::default());
        assert_eq!(workload.fixture, Some(FixtureSpec::default()));
        let retry = RetryPolicy { max: 2, backoff: Backoff::Exponential, base: ms(100) };
        assert_eq!(workload.retry, Some(retry));
    }

    #[test]
    fn items_are_read_from_a_file_beside_the_workload() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::write(directory.path().join("list.txt"), "x\r\n\r\ny\r\n").expect("written");
        let path = directory.path().join("job.toml");
        std::fs::write(&path, "items_from = 'list.txt'\n[[step]]\nkind = 'sleep'\nfor = '1ms'")
            .expect("written");
        let workload = read_file(&path, Access::default()).expect("a valid workload");
        assert_eq!(workload.items, Items::List(vec!["x".to_owned(), "y".to_owned()]));
        let file = directory.path().join("list.txt");
        assert_eq!(workload.items_from.as_deref(), file.to_str());
        assert_eq!((workload.name.as_str(), workload.source), ("job", WorkloadSource::File));
    }

    #[test]
    fn a_file_that_is_not_utf8_is_a_syntax_error_with_a_place() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("w.toml");
        std::fs::write(&path, b"tasks = 1\nname = \"\xff\"").expect("written");
        let errors = read_file(&path, Access::default()).expect_err("not UTF-8");
        let place = errors.first().place.clone().expect("a place");
        assert_eq!(errors.first().code, Code::WorkloadSyntax);
        assert_eq!((place.line(), place.column()), (2, 9));
    }

    #[test]
    fn every_error_of_a_file_is_reported_at_once() {
        let text = "tasks = 0\n[limit]\n[[step]]\nkind = 'cpu'\nkernal = 'sort'\nwork = '5'";
        let errors = read(text).expect_err("four errors");
        let found: Vec<_> = errors.iter().map(|e| (e.code, e.place.as_ref().map(SourceSpan::line))).collect();
        assert_eq!(
            found,
            [
                (Code::WorkloadValue, Some(1)),
                (Code::WorkloadKey, Some(2)),
                (Code::WorkloadKey, Some(5)),
                (Code::WorkloadValue, Some(6)),
            ],
            "{errors}"
        );
    }
}
