//! The tools: their names, schemas and command lines.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::explain::Answer;
use crate::mcp::arguments::{
    AdviseArguments, CheckArguments, ExplainArguments, FitArguments, ProfileArguments,
};
use crate::mcp::limits::CallLimits;
use crate::mcp::output_schema;
use crate::mcp::request::{Request, plain};
use crate::mcp::work::plain_items;
use crate::report::check::CheckReport;
use crate::report::evidence::EvidenceReport;
use crate::report::{Report, fit};
use crate::study::DEFAULT_BUDGET;

/// Profiling time of a running process, unless the caller asks for another; the same as on the command line.
const ATTACHED: Duration = Duration::from_secs(10);

/// Fields of a report that `profile` never fills.
const NOT_OF_PROFILE: [&str; 6] = ["cells", "flag", "model", "recommendation", "series", "gate"];

/// Fields of a report that `advise` never fills.
const NOT_OF_ADVISE: [&str; 2] = ["series", "gate"];

/// What `conc explain --json` prints.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the schema alone is made of it")]
enum ExplainDocument {
    /// An answer.
    Answer(Box<Answer>),
    /// The rows of a measured table.
    Evidence(Box<EvidenceReport>),
}

/// A tool of the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ToolName {
    /// Documentation.
    Explain,
    /// The class of a workload.
    Profile,
    /// The recommendation.
    Advise,
    /// Concurrency bugs.
    Check,
    /// The scalability law.
    Fit,
}

impl ToolName {
    /// Every tool, in the order of the list.
    pub(super) const ALL: [ToolName; 5] =
        [ToolName::Explain, ToolName::Profile, ToolName::Advise, ToolName::Check, ToolName::Fit];

    /// Returns the name, which is that of the command.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            ToolName::Explain => "explain",
            ToolName::Profile => "profile",
            ToolName::Advise => "advise",
            ToolName::Check => "check",
            ToolName::Fit => "fit",
        }
    }

    /// Returns the tool of that name.
    pub(super) fn find(name: &str) -> Option<ToolName> {
        ToolName::ALL.into_iter().find(|tool| tool.as_str() == name)
    }

    /// Returns the description that callers choose by.
    fn description(self) -> &'static str {
        match self {
            ToolName::Explain => {
                "Answers questions about concurrency and explains error messages, tracebacks and codes of asyncio, threads, \
                 processes, SQLite, tokio, rayon: cause, remedy, programs, pitfalls. Runs nothing."
            }
            ToolName::Profile => {
                "Classifies work as io-bound, cpu-bound or mixed, with the evidence: a sample, a TOML workload, a Python \
                 callable, a command or a running process. Runs the work, several times unless it is slow."
            }
            ToolName::Advise => {
                "Measures how work should be run concurrently: which strategy (async, threads, processes, ...), how wide, \
                 and why, with code. Runs the work MANY times under several strategies; set `once` for work with side \
                 effects. Takes about `budget` (5s); one call measures at a time, others wait."
            }
            ToolName::Check => {
                "Runs a Python callable on its items, alone and together, and finds concurrency bugs with their lines."
            }
            ToolName::Fit => {
                "Fits the universal scalability law to throughput at several widths: contention, coherency, peak. Runs nothing."
            }
        }
    }

    /// Returns the hints about what a call may do.
    fn annotations(self) -> ToolAnnotations {
        let reads_only = matches!(self, ToolName::Explain | ToolName::Fit);
        let hints = ToolAnnotations::new().read_only(reads_only).open_world(!reads_only);
        // What work does, only its author knows.
        if reads_only { hints.idempotent(true) } else { hints.destructive(true).idempotent(false) }
    }

    /// Returns the tool as the protocol lists it.
    pub(super) fn listed(self) -> Tool {
        let tool = Tool::new(self.as_str(), self.description(), JsonObject::new())
            .with_annotations(self.annotations());
        match self {
            ToolName::Explain => output::<ExplainDocument>(tool.with_input_schema::<ExplainArguments>(), &[]),
            ToolName::Profile => {
                output::<Report>(tool.with_input_schema::<ProfileArguments>(), &NOT_OF_PROFILE)
            }
            ToolName::Advise => output::<Report>(tool.with_input_schema::<AdviseArguments>(), &NOT_OF_ADVISE),
            ToolName::Check => output::<CheckReport>(tool.with_input_schema::<CheckArguments>(), &[]),
            ToolName::Fit => output::<fit::FitDocument>(tool.with_input_schema::<FitArguments>(), &[]),
        }
    }

    /// Returns the command line of a call.
    ///
    /// # Errors
    /// A message for the caller: which argument is wrong, and what to do.
    pub(super) fn request(self, arguments: JsonObject, limits: CallLimits) -> Result<Request, String> {
        match self {
            ToolName::Explain => explain(&read(arguments)?),
            ToolName::Profile => profile(&read(arguments)?, limits),
            ToolName::Advise => advise(&read(arguments)?, limits),
            ToolName::Check => check(&read(arguments)?, limits),
            ToolName::Fit => fit_law(&read(arguments)?),
        }
    }
}

/// Adds the schema of the JSON document that the command prints.
fn output<T: JsonSchema>(tool: Tool, never_filled: &[&str]) -> Tool {
    tool.with_raw_output_schema(Arc::new(output_schema::of::<T>(never_filled)))
}

/// Reads the arguments of a tool.
fn read<T: DeserializeOwned>(arguments: JsonObject) -> Result<T, String> {
    let mut track = serde_path_to_error::Track::new();
    let value = Value::Object(arguments);
    T::deserialize(serde_path_to_error::Deserializer::new(value, &mut track)).map_err(|error| {
        match track.path().to_string().as_str() {
            "." => format!("arguments: {error}"),
            path => format!("{path}: {error}"),
        }
    })
}

fn explain(arguments: &ExplainArguments) -> Result<Request, String> {
    if arguments.query.trim().is_empty() {
        return Err("query: is empty".to_owned());
    }
    let mut request = documented("explain", None);
    request.flag("words-only", true);
    request.option("type", arguments.class.map(word));
    request.option("pattern", arguments.pattern.map(word));
    request.words.push("--".to_owned());
    if arguments.query.trim().contains('\n') {
        request.words.push(arguments.query.clone());
    } else {
        request.words.extend(arguments.query.split_whitespace().map(str::to_owned));
    }
    Ok(request)
}

/// Returns a value as it is typed, which is how JSON writes it.
fn word(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn profile(arguments: &ProfileArguments, limits: CallLimits) -> Result<Request, String> {
    let mut request = documented("profile", arguments.directory.as_ref());
    let work = arguments.work();
    let is_attached = arguments.pid.is_some();
    let limit = if is_attached || work.is_one_command() {
        // A command that never ends must not measure for ever.
        let usual = if is_attached { ATTACHED } else { limits.budget };
        let time = limits.time("time", arguments.time.as_deref(), usual)?;
        request.option("for", Some(format!("{}ms", time.as_millis().max(1))));
        time
    } else if arguments.time.is_some() {
        return Err("time: is for a command without items, or a running process".to_owned());
    } else {
        limits.budget
    };
    request.time_limit = Some(limits.of_call(limit));
    if !is_attached {
        work.add_to(&mut request)?;
        return Ok(request);
    }
    if *arguments != (ProfileArguments { directory: arguments.directory.clone(), ..only_attached(arguments) })
    {
        return Err("pid: a running process takes no other argument than `time`".to_owned());
    }
    request.option("pid", arguments.pid);
    Ok(request)
}

/// Returns the arguments that a running process has.
fn only_attached(arguments: &ProfileArguments) -> ProfileArguments {
    ProfileArguments { pid: arguments.pid, time: arguments.time.clone(), ..ProfileArguments::default() }
}

fn advise(arguments: &AdviseArguments, limits: CallLimits) -> Result<Request, String> {
    let mut request = documented("advise", arguments.directory.as_ref());
    let budget = limits.time("budget", arguments.budget.as_deref(), DEFAULT_BUDGET)?;
    if arguments.runs == Some(0) {
        return Err("runs: must be at least 1".to_owned());
    }
    // What the budget does not end, the limit of the server does.
    let is_bounded = arguments.runs.is_none() && !arguments.exhaustive;
    request.time_limit = Some(limits.of_call(if is_bounded { budget } else { limits.budget }));
    request.option("budget", Some(format!("{}ms", budget.as_millis().max(1))));
    request.option("runs", arguments.runs);
    request.flag("exhaustive", arguments.exhaustive);
    request.option("max-width", Some(limits.width(arguments.max_width)?));
    let strategies: Vec<&str> = arguments.strategy.iter().map(|strategy| strategy.as_str()).collect();
    request.option("strategy", Some(strategies.join(",")).filter(|list| !list.is_empty()));
    request.option("width", arguments.width.as_ref());
    request.option("objective", arguments.objective);
    request.option("assume-cpus", arguments.assume_cpus);
    request.flag("predict-only", arguments.predict_only);
    request.flag("once", arguments.once);
    arguments.work().add_to(&mut request)?;
    Ok(request)
}

fn check(arguments: &CheckArguments, limits: CallLimits) -> Result<Request, String> {
    let mut request = documented("check", arguments.directory.as_ref());
    request.time_limit = Some(limits.of_call(limits.budget));
    let timeout =
        arguments.timeout.as_deref().map(|asked| limits.time("timeout", Some(asked), Duration::ZERO));
    request.option("timeout", timeout.transpose()?.map(|time| format!("{}ms", time.as_millis().max(1))));
    request.option("tasks", arguments.tasks);
    request.option("python", arguments.python.as_ref());
    request.option("async-fn", arguments.async_fn.as_ref());
    if arguments.items.is_some() && arguments.items_file.is_some() {
        return Err("give either `items` or `items_file`".to_owned());
    }
    request.option("items", arguments.items_file.as_ref());
    if let Some(items) = &arguments.items {
        request.option("items", Some("-"));
        request.stdin = Some(plain_items(items)?.join("\n") + "\n");
    }
    request.words.push(plain("callable", &arguments.callable)?);
    Ok(request)
}

fn fit_law(arguments: &FitArguments) -> Result<Request, String> {
    let mut request = documented("fit", arguments.directory.as_ref());
    request.option("concurrency", arguments.concurrency.as_ref());
    request.option("throughput", arguments.throughput.as_ref());
    match (&arguments.data, &arguments.file) {
        (Some(data), None) => {
            request.words.push("-".to_owned());
            request.stdin = Some(data.clone());
        }
        (None, Some(file)) => request.words.push(plain("file", file)?),
        _ => return Err("give either `data` or `file`".to_owned()),
    }
    Ok(request)
}

/// Starts a command line that prints a document.
fn documented(command: &str, directory: Option<&String>) -> Request {
    let mut request = Request::new(command);
    request.directory = directory.cloned();
    request.flag("json", true);
    request
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIMITS: CallLimits = CallLimits { budget: Duration::from_secs(60), width: 1024 };

    fn request(tool: ToolName, arguments: &Value) -> Result<Request, String> {
        tool.request(arguments.as_object().expect("an object").clone(), LIMITS)
    }

    fn line(tool: ToolName, arguments: &Value) -> String {
        request(tool, arguments).expect("good arguments").words.join(" ")
    }

    #[test]
    fn every_call_is_a_command_line_with_the_limits_of_the_server() {
        let advised =
            line(ToolName::Advise, &json!({ "workload": "web-scraper", "strategy": ["async", "threads"] }));
        let expected = "advise --json --budget=5000ms --max-width=1024 --strategy=async,threads web-scraper";
        assert_eq!(advised, expected);
        let profiled = line(ToolName::Profile, &json!({ "command": ["make", "-j4"] }));
        assert_eq!(profiled, "profile --json --for=60000ms -- make -j4");
        assert_eq!(line(ToolName::Profile, &json!({ "pid": 7 })), "profile --json --for=10000ms --pid=7");
        let checked =
            request(ToolName::Check, &json!({ "callable": "t.py:f", "items": ["a"] })).expect("good");
        assert_eq!(checked.words.join(" "), "check --json --items=- t.py:f");
        assert_eq!(checked.stdin.as_deref(), Some("a\n"));
        assert_eq!(line(ToolName::Fit, &json!({ "data": "1,2" })), "fit --json -");
        let asked = line(
            ToolName::Explain,
            &json!({ "query": "why --slow", "type": "io-bound", "pattern": "async" }),
        );
        assert_eq!(asked, "explain --json --words-only --type=io-bound --pattern=async -- why --slow");
    }

    #[test]
    fn what_the_budget_does_not_end_has_the_limit_of_the_server() {
        let asked = |more: &Value| {
            let mut arguments = json!({ "workload": "x", "budget": "2s" });
            let fields = more.as_object().expect("an object").clone();
            arguments.as_object_mut().expect("an object").extend(fields);
            request(ToolName::Advise, &arguments).expect("good arguments")
        };
        let limit = |more: &Value| asked(more).time_limit.expect("a limit");
        assert_eq!(limit(&json!({ "exhaustive": true })), limit(&json!({ "budget": "60s" })));
        assert_eq!(limit(&json!({ "runs": 3 })), limit(&json!({ "budget": "60s" })));
        assert!(limit(&json!({})) < limit(&json!({ "runs": 3 })));
        let words = asked(&json!({ "runs": 3, "exhaustive": true })).words.join(" ");
        assert_eq!(words, "advise --json --budget=2000ms --runs=3 --exhaustive --max-width=1024 x");
        assert!(request(ToolName::Advise, &json!({ "workload": "x", "runs": 0 })).is_err());
    }

    #[test]
    fn only_what_runs_work_waits_for_its_turn() {
        let measures = |tool, arguments| request(tool, &arguments).expect("good arguments").measures();
        assert!(measures(ToolName::Advise, json!({ "workload": "x" })));
        assert!(measures(ToolName::Profile, json!({ "workload": "x" })));
        assert!(measures(ToolName::Check, json!({ "callable": "x" })));
        assert!(!measures(ToolName::Fit, json!({ "data": "1,2" })));
        assert!(!measures(ToolName::Explain, json!({ "query": "threads or processes tasks.py:parse" })));
    }

    #[test]
    fn a_wrong_argument_is_named() {
        let wrong = [
            (ToolName::Advise, json!({ "budgte": "5s" }), "unknown field `budgte`"),
            (ToolName::Advise, json!({ "workload": "x", "tasks": "many" }), "tasks: invalid type"),
            (
                ToolName::Advise,
                json!({ "workload": "x", "strategy": ["fibers"] }),
                "strategy[0]: unknown variant",
            ),
            (ToolName::Advise, json!({ "workload": "x", "budget": "2h" }), "budget: "),
            (ToolName::Advise, json!({ "workload": "x", "max_width": 4096 }), "max_width: 4096"),
            (ToolName::Profile, json!({ "pid": 1, "workload": "x" }), "pid: a running process"),
            (ToolName::Profile, json!({ "workload": "x", "time": "1s" }), "time: is for a command"),
            (ToolName::Check, json!({}), "missing field `callable`"),
            (ToolName::Fit, json!({}), "give either `data` or `file`"),
            (ToolName::Explain, json!({ "query": " " }), "query: is empty"),
            (ToolName::Explain, json!({ "query": "x", "type": "slow" }), "type: unknown variant"),
        ];
        for (tool, arguments, part) in wrong {
            let refused = request(tool, &arguments).expect_err("bad arguments");
            assert!(refused.contains(part), "{arguments}: {refused}");
        }
    }

    #[test]
    fn every_tool_has_schemas_of_objects() {
        for tool in ToolName::ALL {
            let listed = tool.listed();
            assert_eq!(ToolName::find(&listed.name), Some(tool));
            assert_eq!(listed.input_schema["type"], "object");
            assert_eq!(listed.input_schema["additionalProperties"], false, "{tool:?}");
            let output = listed.output_schema.expect("every answer is a document");
            assert_eq!(output["type"], "object", "{tool:?}");
        }
    }
}
