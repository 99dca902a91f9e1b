//! `conc mcp`: the commands for programs that speak the Model Context Protocol over standard input and output.
//!
//! Every call of a tool is a command line of this program, run in a child with `--json`: it has the rules,
//! the messages and the signal handling of the command line, and ending it ends all that it started.
//! [`arguments`] are what a caller sends, [`request`] turns them into a command line, [`child`] runs it, [`answer`]
//! reads its document, and [`server`] speaks the protocol.

mod answer;
mod arguments;
mod child;
mod limits;
mod output_schema;
mod progress;
mod progress_line;
mod request;
mod server;
mod stdio;
mod tool;
mod words;
mod work;

pub(crate) use limits::CallLimits;
pub(crate) use progress_line::ProgressLine;
pub(crate) use stdio::serve;
