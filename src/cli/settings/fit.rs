//! Settings of `conc fit`.

use std::path::Path;

use crate::diagnostics::Code;
use crate::host::bounded_read::{read_at_most, read_file_at_most};
use crate::report::fit::series::ColumnNames;
use crate::report::table::Glyphs;
use crate::workload::input::InputError;

use crate::cli::args::FitArgs;
use crate::cli::failure::Failure;
use crate::cli::settings::environment::Environment;
use crate::cli::settings::output::OutputSettings;

/// Longest file of measurements, in bytes.
const MAX_DATA_BYTES: u64 = 256 << 20;

/// Settings of `conc fit`.
pub(crate) struct FitSettings {
    /// The name of the file, for messages.
    pub(crate) name: String,
    /// The contents of the file.
    pub(crate) bytes: Vec<u8>,
    /// The columns that the user names.
    pub(crate) columns: ColumnNames,
    /// The characters of the plot.
    pub(crate) glyphs: Glyphs,
    /// The output.
    pub(crate) output: OutputSettings,
}

impl FitSettings {
    /// Resolves the arguments, and reads the measurements.
    ///
    /// # Errors
    /// When the file cannot be read, or two formats are to go to the same place.
    pub(crate) fn resolve(args: &FitArgs, environment: &Environment) -> Result<Self, Failure> {
        Ok(FitSettings {
            output: OutputSettings::resolve_view(&args.output, environment)?,
            name: args.data.clone(),
            bytes: read(&args.data, environment)?,
            columns: ColumnNames {
                concurrency: args.concurrency.clone(),
                throughput: args.throughput.clone(),
            },
            glyphs: environment.glyphs,
        })
    }
}

fn read(path: &str, environment: &Environment) -> Result<Vec<u8>, Failure> {
    let (name, read) = if path == "-" {
        ("standard input".to_owned(), read_at_most(environment.stdin(), MAX_DATA_BYTES))
    } else {
        (format!("'{path}'"), read_file_at_most(Path::new(path), MAX_DATA_BYTES))
    };
    Ok(read.map_err(|error| InputError::new(Code::FitData, format!("{name} cannot be read: {error}")))?)
}
