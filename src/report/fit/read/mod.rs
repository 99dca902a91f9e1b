//! Measurements from files of any origin: tables, JSON, what load generators print, and documents of `conc`.
//!
//! Every form is brought to a table of fields; then the columns are chosen, and rows become points.

mod columns;
mod delimited;
mod events;
mod file;
mod name;
mod number;
mod points;
mod records;
mod results;
mod shapes;
mod source;
mod table;
mod transcript;
mod vocabulary;

pub(crate) use file::{column_names, read};
