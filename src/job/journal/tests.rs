use std::fs;

use super::*;
use crate::job::journal::RecordStatus;
use crate::job::journal::line::hash_of;
use crate::job::journal::recorded::Resumed;

fn header(command: &str) -> Header {
    Header::new(command.to_owned(), command.as_bytes())
}

fn record(number: u64) -> Record {
    Record {
        number,
        item_hash: hash_of(number.to_string().as_bytes()),
        status: RecordStatus::Ok,
        exit: 0,
        signal: 0,
        attempts: 1,
        seconds: 0.5,
        results: None,
        group: 0,
    }
}

/// Writes a journal of three groups with two records each, and returns its bytes.
fn written(path: &Path) -> Vec<u8> {
    let mut journal = Journal::create(path, &header("a")).expect("created");
    for group in 0..3 {
        journal.add(record(group * 2 + 1));
        journal.add(record(group * 2 + 2));
        journal.commit().expect("durable");
    }
    fs::read(path).expect("readable")
}

fn known(path: &Path) -> Result<Vec<u64>, JournalError> {
    let (_, recorded) = Journal::resume(path, &header("a"))?;
    let is_done =
        |number: &u64| recorded.resume(*number, number.to_string().as_bytes(), false) != Resumed::Run;
    Ok((1..=10).filter(is_done).collect())
}

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal");
    (directory, path)
}

#[test]
fn a_journal_is_resumed_where_it_ends() {
    let (_directory, path) = place();
    written(&path);
    assert_eq!(known(&path).expect("resumed"), [1, 2, 3, 4, 5, 6]);
    let (mut journal, _) = Journal::resume(&path, &header("a")).expect("resumed");
    journal.add(record(7));
    journal.commit().expect("durable");
    drop(journal);
    assert_eq!(known(&path).expect("resumed"), [1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn a_journal_cut_anywhere_loses_only_its_torn_record() {
    let (_directory, path) = place();
    let bytes = written(&path);
    let ends: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect();
    for cut in 0..=bytes.len() {
        fs::write(&path, &bytes[..cut]).expect("written");
        let whole = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1) as u64;
        assert_eq!(known(&path).expect("resumed"), (1..=whole).collect::<Vec<_>>(), "cut at {cut}");
        // What was torn is gone, so that the next record is a line of its own.
        let (mut journal, _) = Journal::resume(&path, &header("a")).expect("resumed");
        journal.add(record(9));
        journal.commit().expect("durable");
        drop(journal);
        assert!(known(&path).expect("resumed").contains(&9), "cut at {cut}");
    }
}

#[test]
fn damage_in_the_last_group_is_a_crash_and_before_it_is_not() {
    let (_directory, path) = place();
    let bytes = written(&path);
    let lines: Vec<usize> = std::iter::once(0)
        .chain(bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1))
        .collect();
    let zeroed = |line: usize| {
        let mut bytes = bytes.clone();
        bytes[lines[line] + 20..lines[line] + 30].fill(0);
        fs::write(&path, bytes).expect("written");
        known(&path)
    };
    // Blocks of the last group may reach the disk in any order: what follows the damage was not durable.
    assert_eq!(zeroed(5).expect("resumed"), [1, 2, 3, 4]);
    assert!(matches!(zeroed(2), Err(JournalError::Damaged { line: 3, .. })));
    assert!(matches!(zeroed(0), Err(JournalError::Damaged { line: 1, .. })));
}

#[test]
fn a_journal_of_something_else_is_refused_and_none_is_overwritten() {
    let (_directory, path) = place();
    assert!(matches!(Journal::resume(&path, &header("a")), Err(JournalError::Missing(_))));
    let bytes = written(&path);
    assert!(matches!(Journal::create(&path, &header("a")), Err(JournalError::Exists(_))));
    match Journal::resume(&path, &header("b")) {
        Err(JournalError::OtherCommand { command, .. }) => assert_eq!(command, "a"),
        other => panic!("{other:?}"),
    }
    fs::write(&path, "notes of mine\nmore\n").expect("written");
    assert!(matches!(known(&path), Err(JournalError::Damaged { line: 1, .. })));
    fs::write(&path, bytes).expect("written");
    let open = Journal::resume(&path, &header("a")).expect("resumed");
    assert!(matches!(Journal::resume(&path, &header("a")), Err(JournalError::InUse(_))));
    drop(open);
    assert_eq!(known(&path).expect("resumed").len(), 6);
}
