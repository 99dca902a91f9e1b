//! Settings of `conc run`.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::cluster::run::EngineConfig;
use crate::diagnostics::Code;
use crate::host::Host;
use crate::host::pressure::Pressures;
use crate::job::command::{CommandTemplate, Place, find_place};
use crate::job::config::{CallableConfig, JobConfig, JournalConfig, OutputMode, RetryConfig};
use crate::job::items::{ItemSource, Separator};
use crate::job::prior::Prior;
use crate::strategy::StrategyKind;
use crate::workload::input::{self, InputError, find_program, is_callable, with_parameters};
use crate::workload::spec::OwnItems;
use crate::workload::{Items, Workload};

use crate::cli::args::{Jobs, ProgressForm, RunArgs, RunInputArgs, slips};
use crate::cli::failure::Failure;
use crate::cli::files::check_writable;
use crate::cli::settings::on;
use crate::cli::settings::run_width::{cpus, resolve_width};
use crate::cli::settings::workload::name_async_form;

/// The separator between the command and its items, as in GNU parallel.
const SEPARATOR: &str = ":::";

/// Part of the memory that is left free unless the user says how much: one twentieth. The system needs about as
/// much for its caches before it becomes slow.
const RESERVED_PART: u64 = 20;

/// Seed of the pauses before retries.
const SEED: u64 = 1;

/// Settings of `conc run`.
#[derive(Debug)]
pub(crate) struct RunSettings {
    /// The run.
    pub(crate) job: JobConfig,
    /// The engine beyond this machine.
    pub(crate) engine: Option<EngineConfig>,
    /// What earlier runs of the command have learned.
    pub(crate) prior: Prior,
    /// The form of the progress.
    pub(crate) progress: ProgressForm,
    /// Whether the summary is shown only if something failed.
    pub(crate) is_quiet: bool,
    /// Whether the summary goes to standard output as JSON.
    pub(crate) is_json: bool,
    /// The file for the same JSON.
    pub(crate) export_json: Option<PathBuf>,
}

impl RunSettings {
    /// Resolves the arguments.
    ///
    /// # Errors
    /// When they contradict each other, or the command cannot be run.
    pub(crate) fn resolve(args: &RunArgs, host: &Host) -> Result<Self, Failure> {
        let Work { name, words, listed, template, program, callable, steps } = resolve_work(args, host)?;
        let engine = on::resolve(args, words, steps.is_some(), host)?;
        let items = match &args.on.numbered_items {
            Some(path) => ItemSource::Numbered(path.clone()),
            None => resolve_items(&args.input, listed, callable.is_some(), steps.as_ref())?,
        };
        refuse_standard_output(args)?;
        let max_pressure = args.width.max_pressure.map(check_pressure).transpose()?;
        for file in [&args.record.joblog, &args.export_json].into_iter().flatten() {
            check_writable(file)?;
        }
        let definition = steps.as_ref().map(Workload::definition).unwrap_or_default();
        let identity = [identity_of(words, args.input.shell), definition.into_bytes()].concat();
        let prior = Prior::of(&identity, cpus(args, host));
        let job = JobConfig {
            name: args.input.name.clone().unwrap_or(name),
            command: shown(words),
            identity,
            template,
            program,
            callable,
            width: resolve_width(args, &prior, host, steps.as_ref())?,
            steps,
            items,
            output: output_mode(args),
            is_tagged: args.tag,
            results: args.record.results.clone(),
            journal: args.record.journal.clone().map(|path| JournalConfig {
                path,
                resumes: args.record.resume || args.record.retry_failed,
                retries_failed: args.record.retry_failed,
            }),
            joblog: args.record.joblog.clone(),
            retry: RetryConfig { retries: args.failure.retries, delay: args.failure.retry_delay },
            timeout: args.failure.timeout,
            halt: args.failure.halt,
            ignores_failure: args.failure.ignore_failure,
            rate_per_s: args.width.rate,
            memory_free: args.width.memory_free.unwrap_or(host.memory_bytes / RESERVED_PART),
            stops_for_memory: args.width.memory_free.is_some(),
            max_pressure,
            niceness: args.width.nice,
            seed: SEED,
        };
        Ok(RunSettings {
            job,
            engine,
            prior,
            progress: if args.quiet { ProgressForm::None } else { args.progress },
            is_quiet: args.quiet,
            is_json: args.json,
            export_json: args.export_json.clone(),
        })
    }
}

/// The work of a run: a command, or a callable.
struct Work<'a> {
    name: String,
    /// The words that tell the work from any other.
    words: &'a [OsString],
    listed: Option<&'a [OsString]>,
    template: CommandTemplate,
    program: Option<PathBuf>,
    callable: Option<CallableConfig>,
    steps: Option<Workload>,
}

fn resolve_work<'a>(args: &'a RunArgs, host: &Host) -> Result<Work<'a>, Failure> {
    if args.callable.is_empty() {
        refuse_of_callables(args)?;
        let (words, listed) = split(&args.command_line)?;
        let template = resolve_template(
            words,
            args.input.shell,
            args.input.tasks.is_none() && args.on.numbered_items.is_none(),
        )?;
        let program = match template.program().map(OsStr::to_string_lossy) {
            Some(program) => Some(find_program(&program)?),
            None => None,
        };
        let name = name_of(words, args.input.shell);
        return Ok(Work { name, words, listed, template, program, callable: None, steps: None });
    }
    let (words, listed) = split(&args.callable)?;
    let named = words[0].to_string_lossy();
    let is_described = named.ends_with(".toml") || input::load(&named).is_some();
    if !(is_callable(&named) || is_described) || words.len() > 1 {
        let message = format!(
            "'{named}' is no Python callable and no workload file; a command follows --, as in: conc run -- {}",
            shown(words)
        );
        return Err(Failure::Usage(message));
    }
    let mut workload = input::resolve(&named)?;
    if !workload.runs_python() {
        check_steps(args, &workload)?;
        let (name, template) = (workload.name.clone(), CommandTemplate::new(words, true));
        return Ok(Work {
            name,
            words,
            listed,
            template,
            program: None,
            callable: None,
            steps: Some(workload),
        });
    }
    name_async_form(&mut workload, args.python.async_fn.as_deref())?;
    if let Some(tasks) = args.input.tasks.filter(|_| workload.has_items_of_module()) {
        workload.take_items_of_module(OwnItems::First(tasks));
    }
    let callable = CallableConfig {
        workload,
        python: args.python.python.clone(),
        strategy: args.strategy,
        cpus: args.on.engine.cpus.unwrap_or_else(|| host.cpu_workers()),
        takes_numbers: args.input.tasks.is_some() || args.on.number_items,
    };
    let (name, template) = (callable.workload.name.clone(), CommandTemplate::new(words, true));
    Ok(Work { name, words, listed, template, program: None, callable: Some(callable), steps: None })
}

/// Refuses `-` as a file to write to, because standard output has the output of the items.
fn refuse_standard_output(args: &RunArgs) -> Result<(), Failure> {
    let record = &args.record;
    let files = [
        ("--export-json", &args.export_json, "use --json"),
        ("--joblog", &record.joblog, "name a file"),
        ("--journal", &record.journal, "name a file"),
        ("--results", &record.results, "name a directory or a file"),
    ];
    match files.iter().find(|(_, path, _)| path.as_deref() == Some(Path::new("-"))) {
        None => Ok(()),
        Some((option, _, instead)) => {
            Err(Failure::Usage(format!("{option} -: standard output has the output of the items; {instead}")))
        }
    }
}

/// Refuses arguments that only a Python callable has; the workers of an engine have an interpreter in any case.
fn refuse_of_callables(args: &RunArgs) -> Result<(), Failure> {
    let given = [
        ("--strategy", args.strategy.is_some()),
        ("--python", args.python.python.is_some() && args.on.engine.on.is_none()),
        ("--async-fn", args.python.async_fn.is_some()),
    ];
    match given.into_iter().find(|(_, is_given)| *is_given) {
        None => Ok(()),
        Some((option, _)) => Err(Failure::Usage(format!(
            "{option} is for a Python callable; a command is a process of its own"
        ))),
    }
}

/// Checks that the steps of a workload can be run item by item, in threads.
fn check_steps(args: &RunArgs, workload: &Workload) -> Result<(), Failure> {
    let name = &workload.name;
    let problem = if let Some(kind) = args.strategy.filter(|kind| *kind != StrategyKind::Threads) {
        format!("--strategy: the steps of '{name}' are run in threads, not as {kind}")
    } else if args.python.python.is_some() || args.python.async_fn.is_some() {
        format!("--python and --async-fn: '{name}' has no Python callable")
    } else if workload.limits.memory.is_some() {
        format!(
            "'{name}' limits its memory, which conc run cannot; use --memory-free, and take the limit out"
        )
    } else if let Some(step) = workload.ordered_step().filter(|_| args.width.jobs != Jobs::Number(1)) {
        format!("step {} of '{name}' is ordered, which takes one item after another: add -j1", step + 1)
    } else {
        return Ok(());
    };
    Err(Failure::Usage(problem))
}

/// Returns the pressure that the user allows, if the system reports any.
fn check_pressure(limit: f64) -> Result<f64, Failure> {
    match Pressures::now().greatest() {
        Some(_) => Ok(limit),
        None => Err(Failure::Usage(
            "--max-pressure: this system does not report pressure (/proc/pressure is missing)".to_owned(),
        )),
    }
}

type Words<'a> = (&'a [OsString], Option<&'a [OsString]>);

/// Splits the command from the items behind `:::`.
fn split(line: &[OsString]) -> Result<Words<'_>, Failure> {
    let lossy: Vec<String> = line.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    slips::check_items(&lossy).map_err(Failure::Usage)?;
    let mut places = line.iter().enumerate().filter(|(_, word)| *word == SEPARATOR).map(|(at, _)| at);
    let (words, listed) = match (places.next(), places.next()) {
        (None, _) => (line, None),
        (Some(at), None) => (&line[..at], Some(&line[at + 1..])),
        (Some(_), Some(_)) => {
            let message = "::: is given more than once; list all items behind one, or use --items";
            return Err(Failure::Usage(message.to_owned()));
        }
    };
    if words.is_empty() {
        let error = InputError::new(Code::WorkloadCommand, "there is no command");
        return Err(error.with_help("write it after --, as in `conc run -- gzip {} ::: a b`").into());
    }
    Ok((words, listed))
}

fn resolve_items(
    args: &RunInputArgs,
    listed: Option<&[OsString]>,
    is_callable: bool,
    steps: Option<&Workload>,
) -> Result<ItemSource, Failure> {
    let separator = if args.null { Separator::Nul } else { Separator::Line };
    let usage = |message: &str| Err(Failure::Usage(message.to_owned()));
    match (listed, &args.items, args.tasks) {
        (Some(_), Some(_), _) => usage("items are given twice, by --items and behind :::"),
        (Some(_), _, Some(_)) => {
            usage("a number of tasks and items are both given; there is one task per item")
        }
        (Some(listed), None, None) => Ok(ItemSource::List(listed.to_vec())),
        (None, _, Some(tasks)) => Ok(ItemSource::Count(tasks)),
        (None, Some(path), None) if path == Path::new("-") => Ok(ItemSource::Stdin(separator)),
        (None, Some(path), None) => Ok(ItemSource::File { path: path.clone(), separator }),
        (None, None, None) if is_callable => Ok(ItemSource::OfModule),
        (None, None, None) if steps.is_some() => Ok(steps.map_or(ItemSource::Count(0), items_of)),
        (None, None, None) if std::io::stdin().is_terminal() => usage(
            "there are no items; write them behind :::, name a file with --items, pipe them in, or repeat the command with \
             --tasks",
        ),
        (None, None, None) => Ok(ItemSource::Stdin(separator)),
    }
}

/// Returns the items that a workload file lists.
fn items_of(workload: &Workload) -> ItemSource {
    match &workload.items {
        Items::Count(count) => ItemSource::Count(*count),
        Items::List(list) | Items::Slice { list, .. } => {
            ItemSource::List(list.iter().map(OsString::from).collect())
        }
    }
}

/// Returns the command; the item is appended if `appends` and no place names it.
fn resolve_template(words: &[OsString], is_shell: bool, appends: bool) -> Result<CommandTemplate, Failure> {
    if !is_shell {
        return Ok(CommandTemplate::new(words, appends));
    }
    let mut line = String::new();
    for word in words {
        let Some(word) = word.to_str() else {
            return Err(Failure::Usage("--shell: the command line is not UTF-8".to_owned()));
        };
        line.push_str(if line.is_empty() { "" } else { " " });
        line.push_str(word);
    }
    if appends && find_place(line.as_bytes()).is_none() {
        line.push_str(" {}");
    }
    let mut places: Vec<Place> = Vec::new();
    let line = with_parameters(&line, &mut |text| {
        let (at, length, place) = find_place(text.as_bytes())?;
        if at > 0 {
            return None;
        }
        let known = places.iter().position(|known| *known == place).unwrap_or_else(|| {
            places.push(place);
            places.len() - 1
        });
        Some((length, known + 1))
    });
    Ok(CommandTemplate::of_shell(line, &places))
}

fn output_mode(args: &RunArgs) -> OutputMode {
    let is_callable = !args.callable.is_empty();
    // What a callable returns goes to one place.
    if args.json || is_callable && args.record.results.is_some() {
        OutputMode::Silent
    } else if is_callable && (args.ungroup || args.line_buffer) {
        // A value is one line, which there is at the end of an item.
        OutputMode::Grouped
    } else if args.ungroup {
        OutputMode::Ungrouped
    } else if args.line_buffer {
        OutputMode::LineBuffered
    } else if args.keep_order {
        OutputMode::KeepOrder
    } else {
        OutputMode::Grouped
    }
}

/// Returns the program without its directory; of a shell line, its first word.
fn name_of(words: &[OsString], is_shell: bool) -> String {
    let program = words.first().map(|word| word.to_string_lossy().into_owned()).unwrap_or_default();
    let program = if is_shell { program.split_whitespace().next().unwrap_or_default() } else { &program };
    let name = Path::new(program).file_name().map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| program.to_owned())
}

fn shown(words: &[OsString]) -> String {
    let words: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    shlex::try_join(words.iter().map(String::as_str)).unwrap_or_else(|_| words.join(" "))
}

fn identity_of(words: &[OsString], is_shell: bool) -> Vec<u8> {
    let mut bytes = vec![u8::from(is_shell)];
    for word in words {
        bytes.extend_from_slice(word.as_bytes());
        bytes.push(0);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::command::Rendered;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    fn shell(line: &str) -> Vec<String> {
        let template = resolve_template(&[line.into()], true, true).expect("valid");
        let of = Rendered { item: b"d/a b.gz", number: 3, slot: 1 };
        template.render(of).map(|word| word.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_shell_line_gets_each_kind_of_place_as_a_parameter() {
        assert_eq!(
            shell("zcat {} | wc > '{/.}'; echo {}"),
            ["sh", "-c", "zcat \"${1}\" | wc > ''\"${2}\"''; echo \"${1}\"", "sh", "d/a b.gz", "a b"]
        );
        assert_eq!(shell("cat"), ["sh", "-c", "cat \"${1}\"", "sh", "d/a b.gz"]);
    }

    #[test]
    fn a_command_is_told_from_any_other() {
        let of = |line: &str, is_shell| identity_of(&words(line), is_shell);
        assert_eq!(of("a b", false), of("a b", false));
        assert_ne!(of("a b", false), of("a b", true));
        assert_ne!(of("a b", false), of("ab", false));
    }

    #[test]
    fn items_are_split_from_the_command_once() {
        let line = words("gzip -9 {} ::: a b");
        let (command, listed) = split(&line).expect("valid");
        assert_eq!((command.len(), listed.map(<[OsString]>::len)), (3, Some(2)));
        assert!(split(&words("::: a")).is_err() && split(&words("x ::: a ::: b")).is_err());
    }
}
