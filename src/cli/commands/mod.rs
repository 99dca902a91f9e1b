//! The commands, each from its arguments to its output.

mod advise;
mod advise_engine;
mod bench;
mod check;
mod compare;
mod completions;
mod dispatch;
mod explain;
mod fit;
mod init;
mod list;
mod man;
mod mcp;
mod profile;
mod run;
mod schema;
mod table_rows;

pub(crate) use dispatch::run;
