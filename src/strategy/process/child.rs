//! The worker process: it prepares the workload once and runs the tasks it receives.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use crate::characters::shortened;
use crate::error::Error;
use crate::host::orphans::keep_reaping;
use crate::host::process::{adopt_orphans, die_with_parent};
use crate::host::usage::{CpuTime, peak_rss_of_children, peak_rss_of_self};
use crate::strategy::job::WorkerUsage;
use crate::strategy::process::protocol::{Reply, Request, Span, Start, TaskResult, read_frame, write_frame};
use crate::strategy::worker::{panicked, run_guarded};
use crate::workload::Program;
use crate::workload::item::Items;
use crate::workload::step::StepOutput;
use crate::workload::task_outcomes::MAX_MESSAGE_CHARS;

/// Serves requests until `stdin` ends.
///
/// # Errors
/// When the pool breaks the protocol; a pool that is gone is not an error.
pub(crate) fn serve(stdin: impl Read, stdout: impl Write) -> io::Result<()> {
    die_with_parent();
    adopt_orphans();
    let (mut stdin, mut stdout) = (BufReader::new(stdin), BufWriter::new(stdout));
    let mut buffer = Vec::new();
    let mut ready: Option<Ready> = None;
    loop {
        let request = match read_frame(&mut stdin, &mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            other => other?,
        };
        let reply = match (request, &mut ready) {
            (Request::Start(start), _) => match Ready::prepare(&start) {
                Ok(prepared) => {
                    ready = Some(prepared);
                    Reply::Ready
                }
                Err(why) => Reply::Refused(why),
            },
            (_, None) => Reply::Refused("not started".to_owned()),
            (Request::Run { tasks, items }, Some(ready)) => Reply::Ran(ready.run(tasks, items)),
            (Request::Spans(spans), Some(ready)) => {
                let begun = Instant::now();
                let results = spans.into_iter().map(|span| ready.run_span(span)).collect();
                Reply::Spans { results, took: begun.elapsed() }
            }
            (Request::Finish, Some(ready)) => Reply::Finished(ready.usage()),
        };
        write_frame(&mut stdout, &mut buffer, &reply)?;
    }
}

/// Bounds the message of a failure: a reply has hundreds of them.
fn in_short(error: Error) -> Error {
    Error { message: shortened(&error.message, MAX_MESSAGE_CHARS), ..error }
}

/// A prepared workload, and the CPU time that this process had used by then.
struct Ready {
    program: Program,
    before: CpuTime,
}

impl Ready {
    fn prepare(start: &Start) -> Result<Self, String> {
        if start.workload.runs_commands() {
            keep_reaping();
        }
        let program = Program::prepare(&start.workload, &start.env).map_err(|e| e.to_string())?;
        Ok(Ready { program, before: CpuTime::of_self() + CpuTime::of_children() })
    }

    fn run(&mut self, tasks: Range<u64>, items: Option<Vec<String>>) -> Vec<TaskResult> {
        if let Some(list) = items {
            self.program.set_items(Items::Slice { first: tasks.start, list });
        }
        let mut last = Instant::now();
        tasks
            .map(|position| {
                let result = run_guarded(&self.program, position);
                let now = Instant::now();
                let took = now - last;
                last = now;
                TaskResult { took, result: result.map_err(in_short) }
            })
            .collect()
    }

    fn run_span(&mut self, span: Span) -> Result<StepOutput, Error> {
        let Span { position, item, steps, input, time_left } = span;
        if let Some(item) = item {
            self.program.set_items(Items::Slice { first: position, list: vec![item] });
        }
        let deadline = time_left.map(|left| Instant::now() + left);
        let run = AssertUnwindSafe(|| self.program.span_blocking(steps, position, deadline, input));
        catch_unwind(run).unwrap_or_else(|_| Err(panicked())).map_err(in_short)
    }

    fn usage(&self) -> WorkerUsage {
        WorkerUsage {
            cpu: CpuTime::of_self() + CpuTime::of_children() - self.before,
            peak_rss_bytes: peak_rss_of_self() + peak_rss_of_children(),
        }
    }
}
