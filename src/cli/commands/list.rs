//! `conc list`: the sample workloads.

use crate::error::ExitStatus;
use crate::workload::input;

use crate::cli::args::ListArgs;
use crate::cli::console::Console;
use crate::cli::failure::Failure;

/// Runs the command.
pub(super) fn run(args: &ListArgs, console: Console) -> Result<ExitStatus, Failure> {
    let samples = input::samples().iter().filter_map(|sample| input::load(sample.name));
    let text = if args.json {
        let list: Vec<_> = samples
            .map(|w| serde_json::json!({ "name": w.name, "description": w.description, "tasks": w.tasks() }))
            .collect();
        format!("{:#}\n", serde_json::Value::from(list))
    } else {
        samples.map(|w| format!("{:18} {:>8} tasks  {}\n", w.name, w.tasks(), w.description)).collect()
    };
    console.print(&text)?;
    Ok(ExitStatus::Done)
}
