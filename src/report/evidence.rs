//! The document of `explain` for a measured table.

use serde::{Deserialize, Serialize};

use crate::evidence::{EvidenceRow, MeasuredTable};
use crate::report::command::{CommandName, SCHEMA_VERSION};

/// Rows of a measured table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EvidenceReport {
    /// The version of this shape.
    pub schema_version: u32,
    /// The version of `conc` that wrote it.
    pub conc_version: String,
    /// The command that was run.
    pub command: CommandName,
    /// The table.
    pub table: MeasuredTable,
    /// The words that every row has.
    pub words: Vec<String>,
    /// The rows.
    pub rows: Vec<EvidenceRow>,
}

impl EvidenceReport {
    /// Returns the document of some rows of a table.
    pub(crate) fn new(table: MeasuredTable, words: Vec<String>, rows: Vec<EvidenceRow>) -> Self {
        EvidenceReport {
            schema_version: SCHEMA_VERSION,
            conc_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: CommandName::Explain,
            table,
            words,
            rows,
        }
    }
}
