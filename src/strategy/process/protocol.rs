//! The messages between a pool and its worker processes.
//!
//! A frame is its length (four bytes, little endian) and that many bytes of postcard. A frame holds
//! many tasks, because the pipe costs more than a short task.
//!
//! A worker reads and writes on one thread, and so does its driver. They would wait for each other for ever if
//! the worker wrote a reply that nobody reads to a full pipe, while the driver wrote the next request to another.
//! So a request that does not fit into an empty pipe as a whole is never sent while a reply is due.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::strategy::job::WorkerUsage;
use crate::workload::step::StepOutput;
use crate::workload::{Env, Workload};

/// Largest frame accepted, in bytes; a longer one means that the streams are out of step.
const MAX_FRAME_BYTES: u32 = 1 << 30;

/// Largest frame for which memory is taken before it arrives, in bytes.
const TRUSTED_FRAME_BYTES: u32 = 1 << 20;

/// A request of a pool to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Prepare to run; answered by `Ready` or `Refused`.
    Start(Box<Start>),
    /// Run whole tasks; answered by `Ran`.
    Run {
        /// Positions of the permutation.
        tasks: Range<u64>,
        /// Items of the tasks, unless the number of a task is its item.
        items: Option<Vec<String>>,
    },
    /// Run some steps of some tasks; answered by `Spans`.
    Spans(Vec<Span>),
    /// Report the usage, and end; answered by `Finished`.
    Finish,
}

/// The input from which a worker prepares.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Start {
    /// The workload, without a list of items.
    pub workload: Workload,
    /// The environment of the batch.
    pub env: Env,
}

/// Some steps of one task.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Span {
    /// Position of the task in the permutation.
    pub position: u64,
    /// Item of the task, unless the number of the task is the item.
    pub item: Option<String>,
    /// The steps to run.
    pub steps: Range<usize>,
    /// Output of the steps before, which a real program would have to hand over too.
    pub input: StepOutput,
    /// Time that the task may still take.
    pub time_left: Option<Duration>,
}

/// A reply of a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// Ready for tasks.
    Ready,
    /// The workload cannot be prepared here.
    Refused(String),
    /// The results of the tasks, in order.
    Ran(Vec<TaskResult>),
    /// The outputs of the spans, in order.
    Spans {
        /// One result for each span.
        results: Vec<Result<StepOutput, Error>>,
        /// Time that the spans took together.
        took: Duration,
    },
    /// Usage since `Ready`.
    Finished(WorkerUsage),
}

/// The result of one task.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct TaskResult {
    /// Time from the start of the task to its end.
    pub took: Duration,
    /// The digest of the output, or the error of the task.
    pub result: Result<u64, Error>,
}

/// Makes a frame of a message in `buffer`, which is reused from frame to frame.
///
/// # Errors
/// When the message is longer than [`MAX_FRAME_BYTES`].
pub(crate) fn encode_frame(buffer: &mut Vec<u8>, message: &impl Serialize) -> io::Result<()> {
    buffer.clear();
    buffer.extend_from_slice(&[0; 4]);
    let mut filled = postcard::to_extend(message, std::mem::take(buffer)).map_err(io::Error::other)?;
    let length = u32::try_from(filled.len() - 4).ok().filter(|length| *length <= MAX_FRAME_BYTES);
    let length = length.ok_or_else(|| io::Error::other(format!("frame of {} bytes", filled.len())))?;
    filled[..4].copy_from_slice(&length.to_le_bytes());
    *buffer = filled;
    Ok(())
}

/// Writes one frame; `buffer` is reused from frame to frame.
///
/// # Errors
/// When the stream fails: a broken pipe if the other side is gone.
pub(crate) fn write_frame(
    stream: &mut impl Write,
    buffer: &mut Vec<u8>,
    message: &impl Serialize,
) -> io::Result<()> {
    encode_frame(buffer, message)?;
    stream.write_all(buffer)?;
    stream.flush()
}

/// Reads one frame.
///
/// # Errors
/// When the stream fails: an unexpected end if the other side is gone, invalid data if it speaks another
/// protocol.
pub(crate) fn read_frame<T: DeserializeOwned>(stream: &mut impl Read, buffer: &mut Vec<u8>) -> io::Result<T> {
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length > MAX_FRAME_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("frame of {length} bytes")));
    }
    if length <= TRUSTED_FRAME_BYTES {
        buffer.resize(length as usize, 0);
        stream.read_exact(buffer)?;
    } else {
        // Memory grows with what arrives: the length may be that of no frame.
        buffer.clear();
        if stream.take(u64::from(length)).read_to_end(buffer)? < length as usize {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    postcard::from_bytes(buffer).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_survive_the_pipe_one_after_another() {
        let (mut pipe, mut buffer) = (Vec::new(), Vec::new());
        let items = Some(vec!["ä\n".to_owned(), String::new()]);
        write_frame(&mut pipe, &mut buffer, &Request::Run { tasks: 3..5, items }).expect("written");
        write_frame(&mut pipe, &mut buffer, &Request::Finish).expect("written");
        let mut stream = pipe.as_slice();
        match read_frame(&mut stream, &mut buffer).expect("first") {
            Request::Run { tasks, items: Some(items) } => {
                assert_eq!((tasks, items[0].as_str()), (3..5, "ä\n"))
            }
            other => panic!("{other:?}"),
        }
        assert!(matches!(read_frame(&mut stream, &mut buffer), Ok(Request::Finish)));
        let end = read_frame::<Request>(&mut stream, &mut buffer).expect_err("nothing left");
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn a_large_frame_arrives_whole_and_one_that_breaks_off_is_an_end() {
        let (mut pipe, mut buffer) = (Vec::new(), Vec::new());
        let reason = "x".repeat(3 * TRUSTED_FRAME_BYTES as usize);
        write_frame(&mut pipe, &mut buffer, &Reply::Refused(reason.clone())).expect("written");
        let read = |bytes: &[u8]| read_frame::<Reply>(&mut &*bytes, &mut Vec::new());
        assert!(matches!(read(&pipe), Ok(Reply::Refused(same)) if same == reason));
        let error = read(&pipe[..pipe.len() - 1]).expect_err("cut off");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let error = read(&[0xff, 0xff, 0xff, 0x3f, 7]).expect_err("a length and nothing behind it");
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn nonsense_is_refused_without_allocating_it() {
        let error = read_frame::<Reply>(&mut [0xff; 8].as_slice(), &mut Vec::new()).expect_err("too long");
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
