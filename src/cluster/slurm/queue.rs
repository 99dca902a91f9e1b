//! The programs of Slurm.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::cluster::slurm::config::SlurmConfig;
use crate::cluster::slurm::queue_state::{TaskState, capacity, states};
use crate::diagnostics::Code;
use crate::error::Error;
use crate::host::Reexec;
use crate::host::child_process::ChildProcess;

/// Variables that say where Slurm is, and nothing about a job.
const KEPT: [&str; 2] = ["SLURM_CONF", "SLURM_CLUSTERS"];

/// Arguments that `srun` refuses; they say nothing about the resources of the sample.
const ONLY_SBATCH: [&str; 5] =
    ["--requeue", "--no-requeue", "--get-user-env", "--export-file", "--ignore-pbs"];

/// Array tasks of one submission.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Submitted {
    /// The number of the job.
    pub(crate) job: String,
    /// The number of its first part.
    pub(crate) base: u64,
    /// The number of its parts.
    pub(crate) count: u64,
}

/// Speaks to Slurm for one run.
pub(crate) struct Queue<'a> {
    config: &'a SlurmConfig,
    reexec: &'a Reexec,
    name: String,
    /// The script of every array task.
    script: PathBuf,
}

impl<'a> Queue<'a> {
    /// Makes a queue for jobs that run `script` under a name for people.
    pub(crate) fn new(config: &'a SlurmConfig, reexec: &'a Reexec, name: &str, script: PathBuf) -> Self {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        let name: String = name.chars().filter(|c| is_plain(*c)).take(40).collect();
        Queue { config, reexec, name: format!("conc-{name}"), script }
    }

    /// Checks that the programs are there and the controller answers; returns the CPUs of the partition.
    ///
    /// # Errors
    /// When they are not, or it does not.
    pub(crate) fn cpus(&self) -> Result<u64, Error> {
        let mut command = self.program("sinfo");
        command.args(["--noheader", "--format=%C"]);
        command.args(self.config.partition.iter().map(|name| format!("--partition={name}")));
        let output = done("sinfo", ChildProcess::output(&mut command))?;
        Ok(capacity(&String::from_utf8_lossy(&output.stdout)).max(1))
    }

    /// Returns the version of Slurm.
    pub(crate) fn version(&self) -> Option<String> {
        let output = ChildProcess::output(self.program("sinfo").arg("--version")).ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        text.split_whitespace().last().map(str::to_owned)
    }

    /// Starts one part on a node and stays connected to it.
    ///
    /// # Errors
    /// When `srun` cannot be started.
    pub(crate) fn start(&self, part: u64) -> Result<ChildProcess, Error> {
        let mut command = self.program("srun");
        // Within a job, `srun` would take its CPUs instead of asking for others.
        let of_job = std::env::vars_os().map(|(name, _)| name);
        of_job.filter(|name| is_of_job(name)).for_each(|name| {
            command.env_remove(name);
        });
        command.args(["--ntasks=1", "--quiet"]).args(self.resources());
        command.args(self.config.sbatch_args.iter().filter(|argument| !is_of_sbatch(argument)));
        command.arg("/bin/sh").arg(&self.script).arg(part.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        ChildProcess::start(&mut command).map_err(|error| cannot_start("srun", &error))
    }

    /// Submits parts as one array.
    ///
    /// # Errors
    /// When Slurm refuses it.
    pub(crate) fn submit(&self, base: u64, count: u64) -> Result<Submitted, Error> {
        let throttle = self.config.nodes.map(|nodes| format!("%{nodes}")).unwrap_or_default();
        let mut command = self.program("sbatch");
        command.args(["--parsable", "--output=/dev/null", "--requeue"]).args(self.resources());
        command.args(&self.config.sbatch_args);
        command.arg(format!("--array=0-{}{throttle}", count - 1)).arg(&self.script).arg(base.to_string());
        let output = done("sbatch", ChildProcess::output(&mut command))?;
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        // A federation adds its name behind a semicolon.
        let job = answer.trim().split(';').next().unwrap_or_default();
        if job.is_empty() || !job.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::new(Code::EngineLost, format!("sbatch has answered '{}'", answer.trim())));
        }
        Ok(Submitted { job: job.to_owned(), base, count })
    }

    /// Returns the state of each part of a job that Slurm still knows; `None` if the controller does not answer.
    pub(crate) fn states(&self, submitted: &Submitted) -> Option<BTreeMap<u64, TaskState>> {
        let mut command = self.program("squeue");
        command.args(["--noheader", "--array", "--states=all", "--format=%K %T"]);
        let output = ChildProcess::output(command.arg(format!("--jobs={}", submitted.job))).ok()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() {
            let found = states(&String::from_utf8_lossy(&output.stdout));
            return Some(found.into_iter().map(|(index, state)| (submitted.base + index, state)).collect());
        }
        // It forgets jobs minutes after their end; accounting remembers them.
        said.contains("Invalid job id").then(|| self.remembered(submitted))
    }

    /// Returns what the accounting of the cluster knows of a job, if there is one.
    fn remembered(&self, submitted: &Submitted) -> BTreeMap<u64, TaskState> {
        let mut command = self.program("sacct");
        command.args(["--noheader", "--allocations", "--parsable2", "--format=JobID,State"]);
        let output = ChildProcess::output(command.arg(format!("--jobs={}", submitted.job)));
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
        let text = text.unwrap_or_default();
        let rows =
            text.lines().filter_map(|line| line.rsplit_once('_')).map(|(_, row)| row.replace('|', " "));
        let found = states(&rows.collect::<Vec<_>>().join("\n"));
        found.into_iter().map(|(index, state)| (submitted.base + index, state)).collect()
    }

    /// Cancels a job: what runs is asked to end and then killed.
    pub(crate) fn cancel(&self, submitted: &Submitted) {
        // A job that has ended meanwhile cannot be cancelled, and needs not.
        let _ = ChildProcess::output(self.program("scancel").arg(&submitted.job));
    }

    fn program(&self, name: &str) -> Command {
        self.reexec.foreign(Path::new(name))
    }

    fn resources(&self) -> Vec<OsString> {
        let config = self.config;
        let mut words = vec![
            format!("--job-name={}", self.name),
            format!("--cpus-per-task={}", config.cpus),
            // Nothing of the environment of this shell goes along but what the script names.
            "--export=NIL".to_owned(),
        ];
        words.extend(config.partition.iter().map(|name| format!("--partition={name}")));
        words.extend(config.time.iter().map(|time| format!("--time={time}")));
        words.extend(config.account.iter().map(|account| format!("--account={account}")));
        words.into_iter().map(OsString::from).collect()
    }
}

/// Returns true for variables that describe the job in which this process runs.
fn is_of_job(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("SLURM_") && !KEPT.contains(&&*name)
}

/// Returns true for arguments that `sbatch` knows and `srun` does not.
fn is_of_sbatch(argument: &str) -> bool {
    ONLY_SBATCH.contains(&argument.split('=').next().unwrap_or_default())
}

fn cannot_start(program: &str, error: &io::Error) -> Error {
    let hint = if error.kind() == io::ErrorKind::NotFound {
        "; on Debian: apt-get install slurm-client"
    } else {
        ""
    };
    Error::new(Code::EngineMissing, format!("'{program}' cannot be started: {error}{hint}"))
}

fn done(program: &str, output: io::Result<Output>) -> Result<Output, Error> {
    let output = output.map_err(|error| cannot_start(program, &error))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Err(Error::new(Code::EngineLost, said.trim().to_owned()).context(program))
}
