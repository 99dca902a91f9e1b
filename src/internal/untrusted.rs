//! Everything that `conc` reads and that somebody else may have written, as functions of bytes.
//!
//! Whatever the bytes are, a reader returns: it does not panic, takes no time or memory that the bytes do not pay
//! for, and what it accepts can be shown. `tests/fuzz` has a fuzz target for each reader, and a corpus that the test below
//! reads.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::benchmark::batch::BatchReply;
use crate::benchmark::overhead::Overheads;
use crate::benchmark::width_list::parse_widths;
use crate::cluster::dask::ended_item;
use crate::gate::{Thresholds, judge};
use crate::host::untrusted::parse_any;
use crate::job::journal::{Header, read_journal, write_line};
use crate::python::check::Observations;
use crate::python::cluster_client::ClientEvent;
use crate::python::item_server::Served;
use crate::python::protocol::event::{HarnessEvent, Inspection, JobReport, ProfileReport, StartUpReport};
use crate::python::results_file::ResultsFile;
use crate::report::document::BenchReport;
use crate::report::fit::series::ColumnNames;
use crate::report::fit::{FitResults, fit, read};
use crate::report::format::{Format, render, render_json};
use crate::report::load::read_results;
use crate::report::table::{CodeChoice, Glyphs, TableOptions};
use crate::report::{fit_formats, github, table};
use crate::strategy::process::protocol::{Reply, Request, encode_frame, read_frame};
use crate::study::suite_file::{ShareSetting, parse};
use crate::study::{ComparisonTarget, named_work};
use crate::units::{Bytes, MAX_BYTES, MAX_DURATION, Seconds, parse_bytes, parse_duration};
use crate::workload::Workload;
use crate::workload::input::{Access, InputErrors, read_bytes, read_items};
use crate::workload::item::Items;
use crate::workload::task_outcomes::TaskOutcomes;

/// A reader of bytes from elsewhere.
pub type Reader = fn(&[u8]);

/// The readers, each with the name of its fuzz target and its corpus.
pub const READERS: [(&str, Reader); 12] = [
    ("workload", workload),
    ("items", items),
    ("quantities", quantities),
    ("results", results),
    ("fit", fit_data),
    ("worker", worker),
    ("harness", harness),
    ("results_file", results_file),
    ("kernel", kernel),
    ("suite", suite),
    ("journal", journal),
    ("overheads", overheads),
];

/// Gives bytes to the reader of this name.
///
/// # Panics
/// If there is no such reader, or it has a fault.
pub fn read_as(name: &str, bytes: &[u8]) {
    let found = READERS.iter().find(|(known, _)| *known == name);
    let (_, reader) = found.unwrap_or_else(|| panic!("there is no reader '{name}'"));
    reader(bytes);
}

/// The layout of the tables that are made of what was accepted.
const OPTIONS: TableOptions =
    TableOptions { width: 100, colour: false, verbose: true, code: CodeChoice::None };

/// Errors can be shown.
fn is_shown(errors: &InputErrors) {
    assert!(!errors.render(true).is_empty() && !errors.to_string().is_empty());
}

/// A workload file: TOML.
fn workload(bytes: &[u8]) {
    // What it names is looked up, and devices and pipes of this machine are no part of the file.
    if ["/dev", "/proc", "/sys"].iter().any(|place| String::from_utf8_lossy(bytes).contains(place)) {
        return;
    }
    match read_bytes(Path::new("w.toml"), bytes.to_vec(), Access::default()) {
        Ok(workload) => {
            let json = serde_json::to_string(&workload).expect("plain data");
            let same: Workload = serde_json::from_str(&json).expect("the same data");
            assert_eq!(same, workload);
            assert!(workload.tasks() > 0 && !workload.definition().is_empty());
            workload.items.get(u64::MAX);
        }
        Err(errors) => is_shown(&errors),
    }
}

/// Items, one per line.
fn items(bytes: &[u8]) {
    match read_items("-", bytes) {
        Ok(Items::List(list)) => {
            assert!(
                !list.is_empty() && list.iter().all(|item| !item.trim().is_empty() && !item.contains('\n'))
            );
        }
        Ok(other) => panic!("{other:?}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Durations, sizes, widths and shares, as options have them.
fn quantities(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match parse_duration(&text) {
        Ok(duration) => assert!(duration <= MAX_DURATION && !Seconds::from(duration).to_string().is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match parse_bytes(&text) {
        Ok(size) => assert!(size <= MAX_BYTES && !Bytes(size).to_string().is_empty()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    if let Ok(share) = text.parse::<ShareSetting>() {
        assert!((0.0..1.0).contains(&share.0));
    }
    let parts: Vec<String> = text.split(',').map(str::to_owned).collect();
    match parse_widths(&parts, 2.0) {
        Ok(widths) => assert!(widths.numbers.iter().all(|width| *width > 0)),
        Err(message) => assert!(!message.is_empty()),
    }
}

/// Results and baselines: JSON, compared with themselves and shown in every format.
fn results(bytes: &[u8]) {
    let mut after = match read_results("b.json", bytes.to_vec()) {
        Ok(report) => report,
        Err(errors) => return is_shown(&errors),
    };
    let before: BenchReport = after.clone();
    let named = named_work(&after);
    let target = ComparisonTarget::results(before, "b.json".to_owned(), false, &named);
    let compare = |result| target.compare_with_presence(result, Thresholds::default());
    let comparisons: Vec<_> = after.results.iter().filter_map(compare).collect();
    for (result, gate) in after.results.iter_mut().zip(judge(&comparisons)) {
        result.gate = Some(gate);
    }
    for format in [
        Format::Json,
        Format::Markdown,
        Format::Csv,
        Format::Hyperfine,
        Format::Bmf,
        Format::GabBigger,
        Format::GabSmaller,
        Format::Junit,
        Format::Html,
    ] {
        render(format, &after).expect("what was read can be written");
    }
    table::render_bench(&after, &OPTIONS);
    table::render_warnings(&after.results, &OPTIONS);
    for result in &after.results {
        table::render_advise(result, &OPTIONS);
        table::render_profile(result, &OPTIONS);
    }
    github::annotations(&after.results, &after.failed, &after.missing);
}

/// Measurements for `conc fit`: tables, JSON and what tools print.
fn fit_data(bytes: &[u8]) {
    let data = match read::read("load.csv", bytes.to_vec(), &ColumnNames::default()) {
        Ok(data) => data,
        Err(errors) => return is_shown(&errors),
    };
    read::column_names(bytes.to_vec());
    let reports = fit(&data);
    fit_formats::csv(&reports);
    fit_formats::markdown(&reports);
    table::render_fit(&reports, &OPTIONS, Glyphs::Unicode);
    render_json(&FitResults::new(reports)).expect("what was read can be written");
}

/// The frames between a pool and its workers, and the answer of a batch.
fn worker(bytes: &[u8]) {
    let mut stream = bytes;
    while let Ok(request) = read_frame::<Request>(&mut stream, &mut Vec::new()) {
        encode_frame(&mut Vec::new(), &request).expect("what was read can be written");
    }
    let mut stream = bytes;
    while let Ok(reply) = read_frame::<Reply>(&mut stream, &mut Vec::new()) {
        encode_frame(&mut Vec::new(), &reply).expect("what was read can be written");
    }
    if let Ok(BatchReply::Done(report)) = serde_json::from_slice::<BatchReply>(bytes) {
        let mut sum = TaskOutcomes::default();
        sum.merge(&report.tally);
        sum.latencies.quantile(0.5);
        report.ledger.iter().for_each(|ledger| _ = ledger.costs.message_s());
    }
}

/// The messages of the Python harness, whichever is expected.
fn harness(bytes: &[u8]) {
    fn event<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
        serde_json::from_slice::<HarnessEvent<T>>(line).ok()?.into_report().ok()
    }
    for line in bytes.split(|byte| *byte == b'\n') {
        event::<Inspection>(line);
        event::<StartUpReport>(line);
        event::<Observations>(line);
        let jobs = [event::<JobReport>(line), event::<ProfileReport>(line).map(|profile| profile.job)];
        for ipc in jobs.into_iter().flatten().filter_map(|job| job.ipc) {
            let costs = ipc.stats().costs;
            assert_eq!(costs.tasks_per_message().is_some(), ipc.messages.iter().any(|(_, count)| *count > 0));
        }
        let _ = serde_json::from_slice::<Served>(line);
        let _ = serde_json::from_slice::<ClientEvent>(line);
        if let Ok(json) = serde_json::from_slice::<&RawValue>(line) {
            // An output that is too large for memory would go to a file there.
            ended_item::read(json, Path::new("/nonexistent"));
        }
    }
}

/// The file of results that workers of the harness write; the first two bytes are what was asked for.
fn results_file(bytes: &[u8]) {
    let Some((&[tasks, slots], file)) = bytes.split_first_chunk() else { return };
    let Ok(results) = ResultsFile::parse(file.to_vec(), u64::from(tasks), usize::from(slots)) else { return };
    let counted = results.outcomes(&[], |task| (task, task)).counts.started();
    assert!(counted <= u64::from(tasks) && results.ended() <= u64::from(tasks));
    assert!(results.intervals().iter().all(|interval| interval.start_ns <= interval.end_ns));
    assert!(results.running().len() <= usize::from(slots));
}

/// Files of `/proc` and of control groups.
fn kernel(bytes: &[u8]) {
    parse_any(&String::from_utf8_lossy(bytes));
}

/// `conc.toml`.
fn suite(bytes: &[u8]) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match parse("conc.toml", text) {
        Ok(file) => assert_eq!(file.layers("a").len(), 1 + usize::from(file.workload.contains_key("a"))),
        Err(errors) => is_shown(&errors),
    }
}

/// A journal of `conc run`. Checksums are no obstacle: somebody who edits a journal can compute them.
fn journal(bytes: &[u8]) {
    let header = Header::new("true".to_owned(), b"true");
    let mut whole = Vec::new();
    write_line(&serde_json::to_vec(&header).expect("plain data"), &mut whole);
    bytes.split(|byte| *byte == b'\n').for_each(|line| write_line(line, &mut whole));
    for journal in [bytes, &whole] {
        match read_journal(journal, &header) {
            Ok(recorded) => _ = recorded.resume(recorded.last_number(), b"", true),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

/// The calibration in the cache.
fn overheads(bytes: &[u8]) {
    if let Ok(overheads) = serde_json::from_slice::<Overheads>(bytes) {
        overheads.are_plausible();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::panic::catch_unwind;
    use std::path::PathBuf;

    use super::*;

    fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus").join(name);
        let entries =
            fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let mut files: Vec<_> = paths.map(|path| (path.clone(), fs::read(path).expect("readable"))).collect();
        files.sort();
        files
    }

    fn read_all(name: &str, reader: Reader) {
        for (path, bytes) in corpus(name) {
            for end in cuts(&bytes) {
                let read = catch_unwind(|| reader(&bytes[..end]));
                assert!(read.is_ok(), "{}, the first {end} bytes", path.display());
            }
        }
    }

    /// Places at which a file may be cut off, the whole file among them; a few of a long one.
    fn cuts(bytes: &[u8]) -> impl Iterator<Item = usize> {
        let step = (bytes.len() / 16).max(1);
        (0..bytes.len()).step_by(step).chain([bytes.len()])
    }

    #[test]
    fn no_file_of_the_corpus_is_believed_or_breaks_its_reader() {
        for (name, reader) in READERS {
            assert!(!corpus(name).is_empty(), "{name}");
            read_all(name, reader);
        }
    }

    #[test]
    fn every_corpus_has_a_reader_and_every_reader_a_target() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz");
        let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the manifest of the targets");
        for entry in fs::read_dir(root.join("corpus")).expect("corpora") {
            let name = entry.expect("an entry").file_name();
            assert!(READERS.iter().any(|(known, _)| name == *known), "{}", name.display());
        }
        for (name, _) in READERS {
            assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            assert!(root.join(format!("targets/{name}.rs")).is_file(), "{name}");
        }
    }
}
