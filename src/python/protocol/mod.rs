//! The messages between conc and the harness: one request and a few events, each a line of JSON.

pub(crate) mod event;
pub(crate) mod request;
