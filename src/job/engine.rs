//! One run from its files to its summary.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use crate::error::Error;
use crate::host::Interrupt;
use crate::host::group::Group;
use crate::host::inherited::raise_open_files;
use crate::job::callable_work::CallableWork;
use crate::job::committer::{Committer, Reported};
use crate::job::config::{JobConfig, OutputMode, WidthChoice};
use crate::job::delivery::Streams;
use crate::job::failure::{JobError, JobOutcome};
use crate::job::item_order::InOrder;
use crate::job::items::ItemSource;
use crate::job::joblog::JobLog;
use crate::job::journal::{Header, Journal, JournalError};
use crate::job::progress::JobObserver;
use crate::job::reader::{self, Resume};
use crate::job::results::Results;
use crate::job::scheduler::Scheduler;
use crate::job::shutdown::Shutdown;
use crate::job::steps::Steps;
use crate::job::supervise::Supervisor;
use crate::job::width::Governor;

/// Descriptors that one command takes: its pipes, both ends while it starts, and one that tells its end.
const DESCRIPTORS_PER_COMMAND: usize = 8;

/// Descriptors that this process takes beside commands.
const OWN_DESCRIPTORS: usize = 64;

/// The surroundings of a run.
pub(crate) struct Surroundings<'a> {
    /// The group of its processes, with a directory for large outputs.
    pub(crate) group: &'a Group,
    /// The request to end.
    pub(crate) shutdown: &'a Shutdown,
    /// Steps by which the user has asked for more width, or less if negative.
    pub(crate) steps: &'a AtomicI64,
    /// The standard streams.
    pub(crate) streams: &'a dyn Streams,
}

/// Runs every item; `interrupt` is raised when what gets ready is killed.
///
/// # Errors
/// When the run cannot begin. A run that cannot go on has an outcome with its failure.
pub(crate) fn run(
    config: &JobConfig,
    around: &Surroundings<'_>,
    interrupt: &Interrupt,
    observer: &mut dyn JobObserver,
) -> Result<JobOutcome, JobError> {
    let (work, items) = CallableWork::of_job(config, around.group)?;
    let callables = work.as_ref().map(CallableWork::runner).transpose()?;
    let steps = config.steps.as_ref();
    let steps =
        steps.map(|workload| Steps::open(workload, around.group, config.seed, interrupt)).transpose()?;
    let (files, resume) = Files::open(config, &items)?;
    if !around.shutdown.begin() {
        return Err(Error::interrupted().into());
    }
    let total = items.count();
    let governor = governor(config, total);
    let scheduler = Arc::new(Scheduler::new(governor.width(), around.shutdown.clone()));
    let read = reader::start(items, resume, Arc::clone(&scheduler));
    let reported = Reported::default();
    let committer = files.committer(config, around, &scheduler, &reported);
    let supervisor = Supervisor {
        config,
        group: around.group,
        shutdown: around.shutdown,
        steps: around.steps,
        streams: around.streams,
        scheduler: &scheduler,
        read: &read,
        reported: &reported,
        total,
        runner: match (&callables, &steps) {
            (Some(callables), _) => Some(callables),
            (None, Some(steps)) => Some(steps),
            (None, None) => None,
        },
    };
    supervisor.run(committer, governor, observer)
}

/// Returns the governor of the width, with the open files that its widest run may need.
fn governor(config: &JobConfig, total: Option<u64>) -> Governor {
    let governor = match &config.width {
        WidthChoice::Fixed(width) => Governor::fixed(*width),
        WidthChoice::Auto(auto) => Governor::auto(auto.clone(), total),
    };
    raise_open_files((OWN_DESCRIPTORS + DESCRIPTORS_PER_COMMAND * governor.widest()) as u64);
    governor
}

/// The files that finished items are written to.
pub(crate) struct Files {
    journal: Option<Journal>,
    results: Option<Results>,
    joblog: Option<JobLog>,
}

impl Files {
    /// Opens them, and reads what an earlier run has finished.
    ///
    /// # Errors
    /// When one cannot be used, belongs to something else, or the items cannot be read.
    pub(crate) fn open(config: &JobConfig, items: &ItemSource) -> Result<(Self, Option<Resume>), JobError> {
        let (journal, resume) = open_journal(config)?;
        if let Some(resume) = &resume {
            resume.check(items)?;
        }
        // A missing file is found out before the first item, not by the reader.
        drop(items.open().map_err(|error| JobError::Items(error.into()))?);
        let recorded = resume.as_ref().map(|resume| resume.recorded.results_length());
        let results = config.results.as_deref().map(|path| Results::open(path, recorded)).transpose()?;
        Ok((Files { journal, results, joblog: open_joblog(config)? }, resume))
    }

    /// Returns the committer that writes to them.
    pub(crate) fn committer<'a>(
        self,
        config: &'a JobConfig,
        around: &Surroundings<'a>,
        scheduler: &'a Scheduler,
        reported: &'a Reported,
    ) -> Committer<'a> {
        let is_grouped = matches!(config.output, OutputMode::Grouped | OutputMode::KeepOrder);
        Committer {
            streams: is_grouped.then_some(around.streams),
            is_tagged: config.is_tagged,
            order: (config.output == OutputMode::KeepOrder).then(InOrder::new),
            results: self.results,
            journal: self.journal,
            joblog: self.joblog,
            template: &config.template,
            scratch: around.group.scratch(),
            scheduler,
            reported,
        }
    }
}

fn open_journal(config: &JobConfig) -> Result<(Option<Journal>, Option<Resume>), JobError> {
    let Some(wanted) = &config.journal else { return Ok((None, None)) };
    let header = Header::new(config.command.clone(), &config.identity);
    if !wanted.resumes {
        return Ok((Some(Journal::create(&wanted.path, &header)?), None));
    }
    let (journal, recorded) = match Journal::resume(&wanted.path, &header) {
        // The same line begins a run and goes on with it, as scripts want it.
        Err(JournalError::Missing(_)) => return Ok((Some(Journal::create(&wanted.path, &header)?), None)),
        resumed => resumed?,
    };
    Ok((Some(journal), Some(Resume { recorded, retries_failed: wanted.retries_failed })))
}

fn open_joblog(config: &JobConfig) -> Result<Option<JobLog>, JobError> {
    let Some(path) = &config.joblog else { return Ok(None) };
    let appends = config.journal.as_ref().is_some_and(|journal| journal.resumes);
    match JobLog::open(path, appends) {
        Ok(log) => Ok(Some(log)),
        Err(error) => Err(JobError::Io(format!("cannot write '{}'", path.display()), error)),
    }
}
