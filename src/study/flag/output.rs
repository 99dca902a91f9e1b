//! The output of a program, read while it is written: a number in it, and its last lines.

use std::collections::VecDeque;
use std::io::{self, Read};

use crate::flag::metric::Metric;

/// Lines that are kept from the end.
const TAIL_LINES: usize = 5;

/// Bytes of a line that are looked at.
const MAX_LINE_BYTES: usize = 16 << 10;

/// Characters of a line that are shown.
const MAX_SHOWN_CHARS: usize = 200;

/// What was read from one stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Said {
    /// The first number that the metric finds.
    pub metric: Option<f64>,
    /// The last lines that are not empty.
    pub tail: VecDeque<String>,
}

impl Said {
    /// Returns the last line that is not empty.
    pub(crate) fn last(&self) -> Option<&str> {
        self.tail.back().map(String::as_str)
    }

    fn line(&mut self, bytes: &[u8], metric: Option<&Metric>) {
        let line = String::from_utf8_lossy(bytes);
        let line = line.trim_end();
        if self.metric.is_none() {
            self.metric = metric.and_then(|metric| metric.find(line));
        }
        if !line.trim().is_empty() {
            if self.tail.len() == TAIL_LINES {
                self.tail.pop_front();
            }
            self.tail.push_back(line.trim().chars().take(MAX_SHOWN_CHARS).collect());
        }
    }
}

/// Reads a stream to its end. However much there is, little of it is kept.
pub(crate) fn listen(mut stream: impl Read, metric: Option<&Metric>) -> Said {
    let (mut said, mut line) = (Said::default(), Vec::new());
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        for part in buffer[..read].split_inclusive(|byte| matches!(byte, b'\n' | b'\r')) {
            let room = MAX_LINE_BYTES.saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") || part.ends_with(b"\r") {
                said.line(&line, metric);
                line.clear();
            }
        }
    }
    said.line(&line, metric);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_the_last_lines_are_kept() {
        let metric = Metric::parse("rate: ([0-9.]+)", false).expect("a metric");
        let text = "starting\nrate: 12.5\nrate: 99\n\n1\n2\n3\n4\nthe end";
        let said = listen(text.as_bytes(), Some(&metric));
        assert_eq!(said.metric, Some(12.5));
        assert_eq!(said.tail, ["1", "2", "3", "4", "the end"]);
        assert_eq!(said.last(), Some("the end"));
        assert_eq!(listen("".as_bytes(), None), Said::default());
    }

    #[test]
    fn a_progress_bar_is_lines_and_a_flood_is_not_kept() {
        let said = listen("1%\r2%\rdone".as_bytes(), None);
        assert_eq!(said.last(), Some("done"));
        let said = listen(io::repeat(b'x').take(10 << 20), None);
        assert_eq!(said.last().map(str::len), Some(MAX_SHOWN_CHARS));
    }
}
