//! Tests that the figures in the topics match the code.

use crate::error::ExitStatus;
use crate::explain::markdown::{Block, parse, unmarked};
use crate::explain::topic::Topic;
use crate::policy;

/// Returns the tables of a topic, as rows of plain text.
fn rows(name: &str) -> Vec<Vec<String>> {
    let tables =
        parse(Topic::find(name).expect("a topic").text).into_iter().filter_map(|block| match block {
            Block::Table(rows) => Some(rows),
            _ => None,
        });
    tables.flatten().map(|row| row.iter().map(|cell| unmarked(cell)).collect()).collect()
}

#[test]
fn the_topic_on_exit_codes_has_every_status_and_its_meaning() {
    let table = rows("exit-codes");
    assert_eq!(table.len(), 1 + ExitStatus::ALL.len());
    for (row, status) in table[1..].iter().zip(ExitStatus::ALL) {
        assert_eq!(row[0], status.number().to_string());
        assert_eq!(row[1], status.meaning().replace('`', ""));
    }
}

#[test]
fn the_topic_on_the_method_has_the_thresholds_of_the_policy() {
    let table = rows("method");
    let thresholds = [
        ("CPU-bound from", policy::CPU_BOUND_FROM),
        ("I/O-bound up to", policy::IO_BOUND_UP_TO),
        ("I/O-bound up to, in the kernel", policy::IO_BOUND_IN_KERNEL_UP_TO),
        ("idle: no class up to", policy::IDLE_CPU_UP_TO),
        ("stopped: no class from", policy::STOPPED_FROM),
        ("indifference", policy::INDIFFERENCE),
        ("gain that concurrency must bring", policy::WORTH_CONCURRENCY),
        ("expected loss that stops the search", policy::STOP_REGRET),
        ("the tree's strategy: near the best from", policy::TREE_FROM),
        ("other strategies: a tie from", policy::TIE_FROM),
        ("narrower width: as good from", policy::SURE_WIDTH),
        ("high confidence from", policy::SURE_FROM),
        ("low confidence below", policy::UNSURE_BELOW),
        ("other programs: warning from", policy::CONTENDED),
        ("other programs: distrusted from", policy::CONTENDED_DISTRUST),
        ("stolen time: doubtful from", policy::STOLEN_DOUBTFUL),
        ("pressure: busy machine from", policy::BUSY_PRESSURE),
    ];
    for (name, value) in thresholds {
        let row = table.iter().find(|row| row[0] == name).unwrap_or_else(|| panic!("no row '{name}'"));
        let percent = format!("{:.0}%", value * 100.0);
        assert!(row[1].split([' ', ';']).any(|word| word == percent), "{name}: {} is not {percent}", row[1]);
    }
}
