//! The engine of `conc run`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::cluster::on::On;
use crate::cluster::run::EngineConfig;
use crate::cluster::slurm::config::SlurmConfig;
use crate::host::Host;
use crate::job::command::find_place;
use crate::job::timeout::Timeout;
use crate::python::cluster_client::ClusterAddress;

use crate::cli::args::{Jobs, RunArgs};
use crate::cli::failure::Failure;

/// Returns the engine that the arguments name.
///
/// # Errors
/// When an argument has no meaning on it.
pub(super) fn resolve(
    args: &RunArgs,
    words: &[OsString],
    is_workload_file: bool,
    host: &Host,
) -> Result<Option<EngineConfig>, Failure> {
    let Some(on) = &args.on.engine.on else { return Ok(None) };
    if is_workload_file {
        let message = "--on runs callables and commands, and no workload files";
        return Err(Failure::Usage(message.to_owned()));
    }
    match on {
        On::Dask { address } => {
            refuse_local(args)?;
            refuse_of_slurm(args)?;
            let workers = match args.width.jobs {
                Jobs::Number(width) => width.min(host.cpu_workers()),
                Jobs::Percent(_) | Jobs::Auto => host.cpu_workers(),
            };
            let cluster = ClusterAddress { address: address.clone(), workers: workers.max(1) };
            Ok(Some(EngineConfig::Dask { cluster, python: args.python.python.clone() }))
        }
        On::Slurm { partition } => {
            refuse_parts_of_output(args)?;
            Ok(Some(EngineConfig::Slurm(Box::new(slurm(args, partition.clone(), words)?))))
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
        ("--cpus", args.on.engine.cpus.is_some(), "the CPUs are those of the workers"),
    ];
    refuse(&given)?;
    refuse_parts_of_output(args)
}

/// Refuses arguments about output before the end of an item.
fn refuse_parts_of_output(args: &RunArgs) -> Result<(), Failure> {
    let why = "output comes back at the end of an item";
    refuse(&[("--line-buffer", args.line_buffer, why), ("--ungroup", args.ungroup, why)])
}

fn refuse(given: &[(&str, bool, &str)]) -> Result<(), Failure> {
    match given.iter().find(|(_, is_given, _)| *is_given) {
        Some((name, _, why)) => Err(Failure::Usage(format!("{name} has no meaning with --on: {why}"))),
        None => Ok(()),
    }
}

/// Refuses arguments that only Slurm has.
fn refuse_of_slurm(args: &RunArgs) -> Result<(), Failure> {
    let on = &args.on.engine;
    let given = [
        ("--nodes", on.nodes.is_some()),
        ("--time", on.time.is_some()),
        ("--account", on.account.is_some()),
        ("--sbatch-arg", !on.sbatch_arg.is_empty()),
        ("--shared", on.shared.is_some()),
        ("--detach", args.on.detach),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        Some((name, _)) => Err(Failure::Usage(format!("{name} needs --on slurm"))),
        None => Ok(()),
    }
}

fn slurm(args: &RunArgs, partition: Option<String>, words: &[OsString]) -> Result<SlurmConfig, Failure> {
    if args.width.rate.is_some() {
        let message = "--rate has no meaning with --on slurm: limit the rate in the work itself";
        return Err(Failure::Usage(message.to_owned()));
    }
    let reads_stdin = args.input.items.as_deref() == Some(Path::new("-"))
        || args.input.items.is_none() && args.input.tasks.is_none() && !has_list(args);
    if args.on.detach && reads_stdin {
        let message = "--detach needs items that can be read again: a file, ::: or --tasks";
        return Err(Failure::Usage(message.to_owned()));
    }
    if let Some(argument) = on_of_conc(&args.on.engine.sbatch_arg) {
        let message = format!("--sbatch-arg: {argument} is set by conc itself");
        return Err(Failure::Usage(message));
    }
    let is_dropped = |word: &OsString| word == "--detach";
    let on = &args.on.engine;
    Ok(SlurmConfig {
        partition,
        nodes: on.nodes,
        cpus: on.cpus.unwrap_or(1),
        time: on.time.clone(),
        account: on.account.clone(),
        sbatch_args: on.sbatch_arg.clone(),
        directory: on.shared.clone(),
        detaches: args.on.detach,
        attaches: args.on.is_attached,
        node_options: node_options(args),
        work: work(args, words),
        arguments: std::env::args_os().skip(1).filter(|word| !is_dropped(word)).collect(),
    })
}

/// Returns an argument for `sbatch` that would change what runs, or what `sbatch` answers.
fn on_of_conc(arguments: &[String]) -> Option<&String> {
    const OWN: [&str; 6] = ["--array", "-a", "--wrap", "--parsable", "--wait", "--test-only"];
    arguments.iter().find(|argument| OWN.iter().any(|own| argument.split('=').next() == Some(own)))
}

fn has_list(args: &RunArgs) -> bool {
    args.command_line.iter().chain(&args.callable).any(|word| word == ":::")
}

/// Returns the work as a node is to run it: a callable, or a command with its place for the item.
fn work(args: &RunArgs, words: &[OsString]) -> Vec<OsString> {
    if !args.callable.is_empty() {
        return words[..1].to_vec();
    }
    let has_place = words.iter().any(|word| find_place(word.as_bytes()).is_some());
    let place = (!has_place && args.input.tasks.is_none()).then(|| OsString::from("{}"));
    std::iter::once("--".into()).chain(words.iter().cloned()).chain(place).collect()
}

/// Returns the options of this run that a node has to follow.
fn node_options(args: &RunArgs) -> Vec<OsString> {
    let mut options: Vec<OsString> = Vec::new();
    let mut add = |name: &str, value: Option<OsString>| {
        if let Some(value) = value {
            options.extend([OsString::from(name), value]);
        }
    };
    let seconds = |seconds: f64| OsString::from(format!("{seconds}s"));
    let timeout = args.failure.timeout.map(|timeout| match timeout {
        Timeout::After(limit) => seconds(limit.as_secs_f64()),
        Timeout::OfMedian(times) => format!("{}%", times * 100.0).into(),
    });
    add("--timeout", timeout);
    add("--retries", Some(args.failure.retries.to_string().into()));
    add("--retry-delay", Some(seconds(args.failure.retry_delay.as_secs_f64())));
    add("--max-width", args.width.max_width.map(|width| width.to_string().into()));
    add(
        "--jobs",
        match args.width.jobs {
            Jobs::Auto => None,
            Jobs::Number(width) => Some(width.to_string().into()),
            Jobs::Percent(percent) => Some(format!("{percent}%").into()),
        },
    );
    add("--max-pressure", args.width.max_pressure.map(|share| format!("{}%", share * 100.0).into()));
    add("--memory-free", args.width.memory_free.map(|bytes| format!("{bytes}B").into()));
    add("--nice", args.width.nice.map(|nice| nice.to_string().into()));
    add("--python", args.python.python.clone().map(Into::into));
    add("--async-fn", args.python.async_fn.clone().map(Into::into));
    add("--strategy", args.strategy.map(|strategy| strategy.to_string().into()));
    options.extend(args.failure.ignore_failure.then(|| "--ignore-failure".into()));
    options.extend(args.input.shell.then(|| "--shell".into()));
    let are_numbers = args.on.number_items || args.input.tasks.is_some() && !args.callable.is_empty();
    options.extend(are_numbers.then(|| "--number-items".into()));
    options
}
