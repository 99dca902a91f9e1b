//! What load generators print for people, one run after another: a record for each run.

use std::ops::Range;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use crate::report::fit::read::name::Name;
use crate::report::fit::read::number::{self, Decimal, Reading};
use crate::report::fit::read::source::Source;
use crate::report::fit::read::table::{Field, Record, Table};

/// What becomes of a value that the record has already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// It begins the next record.
    Next,
    /// It is added: one run reports its parts.
    Add,
}

/// A line of a tool that is not `name: value`.
struct Rule {
    /// A pattern with a group for each column.
    pattern: &'static str,
    /// The names of the columns, by group.
    columns: &'static [&'static str],
    again: Again,
    /// True for a line that a run prints on its way; it counts only where no run has a result.
    is_interim: bool,
    /// True if the second number is divided by the first, and the rest is not used.
    is_shared_out: bool,
}

/// Makes a rule for the result of a run.
const fn rule(pattern: &'static str, columns: &'static [&'static str]) -> Rule {
    Rule { pattern, columns, again: Again::Next, is_interim: false, is_shared_out: false }
}

/// Makes a rule for a part of a result.
const fn part(pattern: &'static str, columns: &'static [&'static str]) -> Rule {
    Rule { again: Again::Add, ..rule(pattern, columns) }
}

/// Makes a rule for a line on the way.
const fn interim(pattern: &'static str, columns: &'static [&'static str]) -> Rule {
    Rule { is_interim: true, ..rule(pattern, columns) }
}

/// Makes a rule for threads that share connections: wrk 4.1.0 gives each the same whole number, and opens no others.
const fn shared(pattern: &'static str, columns: &'static [&'static str; 2]) -> Rule {
    Rule { is_shared_out: true, ..rule(pattern, columns) }
}

/// Lines by tool: wrk, k6, sysbench, fio, JMeter, locust, vegeta, h2load, autocannon, redis-benchmark.
const RULES: &[Rule] = &[
    shared(r"^\s*(\d+) threads? and (\d+) connections?", &["threads", "connections"]),
    rule(r"^\s*([\d.]+k?) requests in [\d.]+\w+,", &["requests"]),
    part(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", &["errors"; 4]),
    part(r"Non-2xx or 3xx responses:\s*(\d+)", &["errors"]),
    rule(r"^\s*http_reqs\.*:\s*\d+\s+([\d.]+/s)", &["http_reqs/s"]),
    rule(r"^\s*iterations\.*:\s*\d+\s+([\d.]+/s)", &["iterations/s"]),
    rule(r"^\s*vus\.*:\s*\d+\s+min=\d+\s+max=(\d+)", &["vus"]),
    rule(r"^\s*vus_max\.*:\s*(\d+)", &["vus_max"]),
    rule(r"^\s*http_req_failed\.*:\s*([\d.]+%)", &["failed rate"]),
    rule(r"^\s*transactions:\s+\d+\s+\(([\d.]+) per sec", &["transactions/s"]),
    rule(r"^Total operations:\s+\d+\s+\(([\d.]+) per second", &["operations/s"]),
    rule(r"^\s*total time:\s+([\d.]+s)", &[TOTAL_TIME]),
    interim(r"^\[\s*\d+s\s*\] thds: (\d+) (?:tps|eps): ([\d.]+)", &["threads", "tps"]),
    rule(r"rw=\w+.*iodepth=(\d+)", &["iodepth"]),
    rule(r"^Starting (\d+) (?:process|thread)", &["numjobs"]),
    part(r"^\s*(?:read|write|trim)\s*:\s*IOPS=([\d.]+[kM]?)", &["iops"]),
    rule(
        r"^summary \+\s+\d+ in \S+ =\s+([\d.]+/\w+) .*Err:\s+\d+ \(([\d.]+%)\) Active: (\d+)",
        &["throughput", "error rate", "active threads"],
    ),
    rule(r"\((\d+) total users\)", &["users"]),
    rule(
        r"^\s*Aggregated\s+\d+\s+\d+\(([\d.]+%)\)\s*\|.*\|\s+([\d.]+)\s+[\d.]+\s*$",
        &["error rate", "req/s"],
    ),
    rule(r"^Requests\s+\[total, rate, throughput\]\s+\d+, [\d.]+, ([\d.]+)", &["throughput"]),
    rule(r"^Latencies\s+\[mean,[^\]]*\]\s+([\d.]+[a-zµ]+),", &["mean latency"]),
    rule(r"^Latencies\s+\[min, mean,[^\]]*\]\s+[^,]+, ([\d.]+[a-zµ]+),", &["mean latency"]),
    rule(r"(\d+) total client", &["clients"]),
    rule(r"^finished in [^,]+, ([\d.]+) req/s", &["req/s"]),
    rule(r"^│ Req/Sec\s*│(?:[^│]*│){4}\s*([\d.,]+k?)\s*│", &["Req/Sec"]),
    part(r"^\d+ 2xx responses, (\d+) non 2xx responses", &["errors"]),
    part(r"^(\d+) errors \(\d+ timeouts\)", &["errors"]),
    rule(r"^([A-Z][\w ()]*): ([\d.]+) requests per second", &["test", "requests/s"]),
    rule(r#"^"([A-Z][\w ()]*)","([\d.]+)","[\d.]+""#, &["test", "requests/s"]),
];

/// The time of a run of sysbench; some of its tests print no rate.
const TOTAL_TIME: &str = "total time";

/// Load generators whose command line is a heading of what they print, because some do not print their options.
const TOOLS: &str = r"(?:^|[\s$>+/])(?:wrk2?|hey|oha|ab|bombardier|h2load|rewrk|pgbench|sysbench|k6|siege|vegeta|fio|autocannon|redis-benchmark)\s+(.*-.*)$";

/// An option with a number.
const OPTION: &str = r"(?:^|\s)-{1,2}([a-zA-Z][\w-]*?)[= ]?(\d+)\b";

/// A name and a value.
const PAIR: &str = r#"^\W*([A-Za-z#][^:="]*?)"?\s*\.*\s*[:=]\s*(\S.*)$"#;

/// A heading such as `=== 16 clients ===`.
const HEADING: &str = r"^\W*(\d+)\s+([A-Za-z][A-Za-z ]*?)\W*$";

struct Patterns {
    rules: Vec<Regex>,
    tools: Regex,
    option: Regex,
    pair: Regex,
    heading: Regex,
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let compile = |text: &str| Regex::new(text).expect("a pattern that tests compile");
    Patterns {
        rules: RULES.iter().map(|rule| compile(rule.pattern)).collect(),
        tools: compile(TOOLS),
        option: compile(OPTION),
        pair: compile(PAIR),
        heading: compile(HEADING),
    }
});

/// Reads the reports of runs; `None` if no run has a throughput and a width.
pub(super) fn read(source: &Source) -> Option<Table> {
    let mut runs = Runs::default();
    for (number, (start, line)) in source.lines().enumerate() {
        runs.line(number, start, line);
    }
    runs.end();
    let records = if runs.results.is_empty() { runs.interim } else { runs.results };
    (!records.is_empty()).then(|| Table::of_records(records))
}

/// Makes the second number a multiple of the first.
fn share_out(fields: &mut [(&str, Field)]) {
    let [(_, parts), (_, whole)] = fields else { return };
    if let (Ok(parts), Ok(number)) = (parts.text.parse::<u64>(), whole.text.parse::<u64>()) {
        whole.text = (number - number.checked_rem(parts).unwrap_or(0)).to_string();
    }
}

/// The records so far.
#[derive(Default)]
struct Runs {
    results: Vec<Record>,
    interim: Vec<Record>,
    current: Record,
    /// The widths of the run before, which hold on for runs that name none.
    widths: Record,
    /// The name that was set last, and its line.
    last: (String, usize),
}

impl Runs {
    fn line(&mut self, number: usize, start: usize, line: &str) {
        // A line that is written again and again shows what was written last.
        let begun = line.rfind('\r').map_or(0, |at| at + 1);
        let (line, start) = (&line[begun..], start + begun);
        for (pattern, rule) in PATTERNS.rules.iter().zip(RULES) {
            if let Some(found) = pattern.captures(line) {
                return self.apply(rule, &found, start);
            }
        }
        if let Some(found) = PATTERNS.tools.captures(line) {
            self.command(found.get(1).map_or("", |options| options.as_str()), start..start + line.len());
        } else if let Some(found) = PATTERNS.heading.captures(line) {
            if Name::new(&found[2]).concurrency().is_some() {
                self.set(&found[2], field(&found, 1, start), Again::Next);
            }
        } else if let Some(found) = PATTERNS.pair.captures(line) {
            self.pair(&found, number, start);
        }
    }

    fn apply(&mut self, rule: &Rule, found: &Captures<'_>, start: usize) {
        let fields = rule.columns.iter().enumerate().map(|(i, name)| (*name, field(found, i + 1, start)));
        if rule.is_interim {
            return self.interim.push(fields.map(|(name, field)| (name.to_owned(), field)).collect());
        }
        let mut fields: Vec<_> = fields.collect();
        if rule.is_shared_out {
            share_out(&mut fields);
        }
        for (name, field) in fields {
            self.set(name, field, rule.again);
        }
    }

    /// Takes the options of a command line, which begins a run.
    fn command(&mut self, options: &str, span: Range<usize>) {
        self.end();
        for found in PATTERNS.option.captures_iter(options) {
            if Name::new(&found[1]).concurrency().is_some() {
                self.set(&found[1], Field::new(&found[2], span.clone()), Again::Next);
            }
        }
    }

    fn pair(&mut self, found: &Captures<'_>, number: usize, start: usize) {
        let name = found[1].trim();
        let meaning = Name::new(name);
        let value = found[2].split(',').next().unwrap_or_default();
        let is_used = meaning.concurrency().is_some()
            || meaning.throughput().is_some()
            || meaning.failures().is_some()
            || meaning.is_count();
        if !is_used || !matches!(number::read(value, Decimal::Point), Reading::Number(_)) {
            return;
        }
        // Old pgbench prints the throughput with connecting and, in the next line, without it.
        if self.last == (name.to_owned(), number.wrapping_sub(1)) {
            self.current.retain(|(known, _)| known != name);
        }
        self.set(name, Field { text: value.to_owned(), ..field(found, 2, start) }, Again::Next);
        self.last = (name.to_owned(), number);
    }

    fn set(&mut self, name: &str, field: Field, again: Again) {
        if let Some((_, known)) = self.current.iter_mut().find(|(known, _)| known == name) {
            if again == Again::Add {
                let sum =
                    [&known.text, &field.text].map(|text| number::value(text, Decimal::Point).unwrap_or(0.0));
                known.text = (sum[0] + sum[1]).to_string();
                return;
            }
            self.end();
        }
        self.current.push((name.to_owned(), field));
    }

    /// Ends a run, which is kept if it has a throughput and a width.
    fn end(&mut self) {
        let mut record = std::mem::take(&mut self.current);
        add_in_flight(&mut record);
        let widths: Record =
            record.iter().filter(|(name, _)| Name::new(name).concurrency().is_some()).cloned().collect();
        let has = |is: fn(&Name) -> bool| record.iter().any(|(name, _)| is(&Name::new(name)));
        let is_timed = record.iter().any(|(name, _)| name == TOTAL_TIME) && has(Name::is_count);
        if !is_timed && !has(|name| name.throughput().is_some()) {
            // A heading may stand alone above the run that it is about.
            if !widths.is_empty() {
                self.widths = widths;
            }
            return;
        }
        if widths.is_empty() {
            record.extend(self.widths.iter().cloned());
        } else {
            self.widths = widths;
        }
        self.results.push(record);
    }
}

/// Adds the mean number in flight by Little's law where a generator keeps to a rate, as vegeta does, and so has no
/// width: throughput times mean latency.
pub(super) fn add_in_flight(record: &mut Record) {
    let value = |name: &str| {
        let field = record.iter().find(|(known, _)| known == name).map(|(_, field)| field)?;
        Some((number::value(&field.text, Decimal::Point)?, field.span.clone()))
    };
    let has_width = record.iter().any(|(name, _)| Name::new(name).concurrency().is_some());
    if let (false, Some((rate, span)), Some((latency, _))) =
        (has_width, value("throughput"), value("mean latency"))
    {
        let in_flight = Field::new((rate * latency).to_string(), span);
        record.push(("in flight (throughput times mean latency)".to_owned(), in_flight));
    }
}

fn field(found: &Captures<'_>, group: usize, start: usize) -> Field {
    found
        .get(group)
        .map_or_else(Field::default, |m| Field::new(m.as_str(), start + m.start()..start + m.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_threads_do_not_share_out_are_not_open() {
        let run = "  2 threads and 7 connections\nRequests/sec: 900\n";
        let source = Source::new("wrk.txt", run.into()).expect("text");
        let table = read(&source).expect("a run");
        let row: Vec<&str> = table.rows[0].iter().map(|field| field.text.as_str()).collect();
        assert_eq!(row, ["2", "6", "900"]);
    }

    #[test]
    fn the_failures_of_autocannon_are_added() {
        let run = "8 connections\n\n│ Req/Sec   │ 9 │ 9 │ 9 │ 9 │ 1,100 │ 0 │ 9 │\n\n\
                   990 2xx responses, 5 non 2xx responses\n1k requests in 1.01s, 4.03 MB read\n\
                   6 errors (2 timeouts)\n";
        let source = Source::new("autocannon.txt", run.into()).expect("text");
        let table = read(&source).expect("a run");
        let row: Vec<&str> = table.rows[0].iter().map(|field| field.text.as_str()).collect();
        assert_eq!(row, ["8", "1,100", "11", "1k"]);
    }
}
