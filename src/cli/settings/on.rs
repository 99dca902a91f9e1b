//! The engine of `conc run`.

use crate::cluster::on::On;
use crate::cluster::run::EngineConfig;
use crate::host::Host;
use crate::python::cluster_client::ClusterAddress;

use crate::cli::args::{Jobs, RunArgs};
use crate::cli::failure::Failure;

/// Returns the engine that the arguments name.
///
/// # Errors
/// When an argument has no meaning on it.
pub(super) fn resolve(
    args: &RunArgs,
    is_workload_file: bool,
    host: &Host,
) -> Result<Option<EngineConfig>, Failure> {
    let Some(on) = &args.on.on else { return Ok(None) };
    refuse_local(args)?;
    if is_workload_file {
        let message = "--on runs callables and commands, and no workload files";
        return Err(Failure::Usage(message.to_owned()));
    }
    match on {
        On::Dask { address } => {
            let workers = match args.width.jobs {
                Jobs::Number(width) => width.min(host.cpu_workers()),
                Jobs::Percent(_) | Jobs::Auto => host.cpu_workers(),
            };
            let cluster = ClusterAddress { address: address.clone(), workers: workers.max(1) };
            Ok(Some(EngineConfig::Dask { cluster, python: args.python.python.clone() }))
        }
    }
}

/// Refuses arguments about processes of this machine.
fn refuse_local(args: &RunArgs) -> Result<(), Failure> {
    let given = [
        ("--rate", args.width.rate.is_some(), "limit the rate in the work itself"),
        ("--memory-free", args.width.memory_free.is_some(), "the memory is that of the workers"),
        ("--max-pressure", args.width.max_pressure.is_some(), "the pressure is that of the workers"),
        ("--nice", args.width.nice.is_some(), "the processes are those of the workers"),
        ("--line-buffer", args.line_buffer, "output comes back at the end of an item"),
        ("--ungroup", args.ungroup, "output comes back at the end of an item"),
    ];
    match given.into_iter().find(|(_, is_given, _)| *is_given) {
        Some((name, _, why)) => Err(Failure::Usage(format!("{name} has no meaning with --on: {why}"))),
        None => Ok(()),
    }
}
