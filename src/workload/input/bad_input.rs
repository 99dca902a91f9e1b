//! Everything that can be wrong in a workload file, with the place and the words it is reported by.

use std::path::Path;

use proptest::prelude::*;

use crate::diagnostics::Code::{self, *};
use crate::workload::input::access::Access;
use crate::workload::input::file::{Origin, read_text};
use crate::workload::input::init::INIT;
use crate::workload::input::input_error::{InputError, InputErrors};
use crate::workload::input::sample::samples;
use crate::workload::spec::{Workload, WorkloadSource};

fn read(text: &str) -> Result<Workload, InputErrors> {
    read_text(
        &Origin {
            file: "w.toml",
            directory: Path::new("no/such"),
            name: "w",
            source: WorkloadSource::File,
            access: Access::default(),
        },
        text,
    )
}

/// A text, then of its only error: code, line and column in the whole file, a part of the words.
type Case = (&'static str, Code, usize, usize, &'static str);

/// Reads every text between `before` and `after` and compares the one error.
fn check(before: &str, after: &str, cases: &[Case]) {
    for (text, code, line, column, words) in cases {
        let errors = read(&format!("{before}{text}{after}")).expect_err(text);
        let error = errors.first();
        let place = error.place.as_ref().expect("a place");
        let found = (error.code, place.line(), place.column());
        assert_eq!(found, (*code, *line, *column), "{text}\n{errors}");
        assert!(errors.to_string().contains(words), "{text}\n{errors}\nlacks: {words}");
        assert_eq!(errors.iter().count(), 1, "{text}\n{errors}");
    }
}

/// A step that is right: three lines.
const STEP: &str = "[[step]]\nkind = 'sleep'\nfor = '1ms'\n";

/// Checks tables that follow a valid workload of four lines.
fn check_tables(cases: &[Case]) {
    check(&format!("tasks = 1\n{STEP}"), "", cases);
}

/// Checks the keys of a step whose `[[step]]` is line 2.
fn check_steps(cases: &[Case]) {
    check("tasks = 1\n[[step]]\n", "", cases);
}

#[test]
#[rustfmt::skip]
fn text_that_is_not_toml_is_refused() {
    check("", "", &[
        ("tasks = ", WorkloadSyntax, 1, 9, "string values must be quoted"),
        ("tasks = 1\nname = 'x", WorkloadSyntax, 2, 10, "invalid literal string"),
        ("tasks = 1\ntasks = 2", WorkloadSyntax, 2, 1, "duplicate key"),
        ("[limits", WorkloadSyntax, 1, 8, "unclosed table"),
    ]);
}

#[test]
#[rustfmt::skip]
fn unknown_keys_are_refused_with_those_that_exist() {
    check_tables(&[
        ("until = 1",
            WorkloadKey, 5, 1, "unknown key `until` in step 1 (sleep); the keys here are kind, for"),
        ("[limit]",
            WorkloadKey, 5, 2, "in a workload; did you mean 'limits'? the keys here are name, description, "),
        ("[limits]\nmax-in-flight = 3", WorkloadKey, 6, 1, "in [limits]; did you mean 'max_in_flight'?"),
        ("[retry]\nmax = 1\njitter = true",
            WorkloadKey, 7, 1, "in [retry]; the keys here are max, backoff, base"),
        ("[fixture]\nlatency = { median = '1ms', p99 = '2ms', p90 = '1ms' }",
            WorkloadKey, 6, 42, "in `latency`; did you mean 'p99'?"),
        ("[[step]]\nkind = 'cpu'\nkernel = 'sort'\nwrok = '5ms'",
            WorkloadKey, 8, 1, "in step 2 (cpu); did you mean 'work'?"),
    ]);
}

#[test]
#[rustfmt::skip]
fn a_misspelt_key_that_is_needed_is_not_reported_as_missing_too() {
    check("", "", &[
        ("task = 1\n[[step]]\nkind = 'sleep'\nfor = '1ms'\n", WorkloadKey, 1, 1, "did you mean 'tasks'?"),
        ("tasks = 1\n[[steps]]\nkind = 'sleep'\nfor = '1ms'", WorkloadKey, 2, 3, "did you mean 'step'?"),
    ]);
}

#[test]
#[rustfmt::skip]
fn steps_are_a_list_of_tables() {
    check("", "", &[
        ("tasks = 1\n[step]\nkind = 'sleep'",
            WorkloadValue, 2, 1, "`step` must be a list of tables, not a table; write [[step]] above each"),
        ("tasks = 1\nstep = [3]", WorkloadValue, 2, 9, "must be a list of tables, not an integer"),
    ]);
}

#[test]
#[rustfmt::skip]
fn a_workload_that_does_nothing_is_refused() {
    check("", "", &[
        ("tasks = 1", WorkloadEmpty, 1, 1, "the workload has no steps; add a [[step]]"),
        ("tasks = 1\nstep = []", WorkloadEmpty, 1, 1, "no steps"),
        ("[[step]]\nkind = 'sleep'\nfor = '1ms'\n",
            WorkloadEmpty, 1, 1, "the workload has no tasks; write tasks = 100"),
        ("items = []\n[[step]]\nkind = 'sleep'\nfor = '1ms'\n", WorkloadEmpty, 1, 9, "`items` is empty"),
    ]);
}

#[test]
#[rustfmt::skip]
fn values_outside_of_tables_are_checked() {
    check("", &format!("\n{STEP}"), &[
        ("tasks = 0", WorkloadValue, 1, 9, "`tasks` must be at least 1, not 0"),
        ("tasks = -5", WorkloadValue, 1, 9, "`tasks` must be at least 1, not -5"),
        ("tasks = 1.5", WorkloadValue, 1, 9, "`tasks` must be a whole number, not a float"),
        ("tasks = '10'", WorkloadValue, 1, 9, "must be a whole number, not a string"),
        ("tasks = 99999999999999999999",
            WorkloadValue, 1, 9, "`tasks` is out of range: 99999999999999999999"),
        ("tasks = 1\nname = ''", WorkloadValue, 2, 8, "`name` must not be empty"),
        ("tasks = 1\nname = 7", WorkloadValue, 2, 8, "`name` must be a string, not an integer"),
        ("tasks = 1\ndescription = \"a\\nb\"", WorkloadValue, 2, 15, "`description` must be one line"),
        ("items = 'a'", WorkloadValue, 1, 9, "`items` must be a list of strings, not a string"),
        ("items = ['a', 3]",
            WorkloadValue, 1, 15, "`items` has an element that must be a string, not an integer"),
        ("items = ['a',\n  ' ']", WorkloadValue, 2, 3, "`items` has an element that must not be empty"),
        ("tasks = 1\nitems = ['a']",
            WorkloadValue, 2, 9, "`items` and `tasks` are both given; keep one of them"),
        ("tasks = 1\nlimits = 3",
            WorkloadValue, 2, 10, "`limits` must be a table, not an integer; write it as [limits]"),
        ("items_from = 'urls.txt'",
            WorkloadItems, 1, 14, "`items_from` cannot be used: 'urls.txt' cannot be read: "),
    ]);
}

#[test]
#[rustfmt::skip]
fn values_of_tables_are_checked() {
    check_tables(&[
        ("[limits]\nmax_in_flight = 0", WorkloadValue, 6, 17, "`max_in_flight` must be at least 1, not 0"),
        ("[limits]\nrate_per_s = -0.5", WorkloadValue, 6, 14, "`rate_per_s` must be from 0.001 to 1000000000 per second, not -0.5"),
        ("[limits]\nrate_per_s = nan", WorkloadValue, 6, 14, "per second, not NaN"),
        ("[limits]\nrate_per_s = '5/s'", WorkloadValue, 6, 14, "must be a number, not a string"),
        ("[limits]\ntimeout = '0s'", WorkloadValue, 6, 11, "`timeout` must be longer than 0"),
        ("[limits]\ntimeout = '5 parsecs'",
            WorkloadValue, 6, 11, "`timeout` is not valid: unknown unit 'parsecs' in '5 parsecs'; use ns, us"),
        ("[limits]\ntimeout = 5",
            WorkloadValue, 6, 11, "must be a duration, not an integer; write it in quotes and with a unit, such as \"5ms\""),
        ("[limits]\nmemory = '2 lightyears'", WorkloadValue, 6, 10, "unknown unit 'lightyears'"),
        ("[limits]\nmemory = 0", WorkloadValue, 6, 10, "`memory` must be larger than 0"),
        ("[retry]\nbase = '5ms'", WorkloadValue, 5, 1, "`max` is missing in [retry]"),
        ("[retry]\nmax = -1", WorkloadValue, 6, 7, "`max` must be at least 0, not -1"),
        ("[retry]\nmax = 1\nbackoff = 'exponental'",
            WorkloadValue, 7, 11, "`backoff` cannot be 'exponental'; did you mean 'exponential'? it is one of exponential, constant"),
        ("[fixture]\nlatency = '-5ms'", WorkloadValue, 6, 11, "'-5ms' is out of range"),
        ("[fixture]\nlatency = true",
            WorkloadValue, 6, 11, "must be a duration such as \"5ms\", not a boolean"),
        ("[fixture]\nlatency = { median = '40ms', p99 = '20ms' }",
            WorkloadValue, 6, 36, "`p99` must not be shorter than `median`"),
        ("[fixture]\nlatency = { median = '0', p99 = '20ms' }",
            WorkloadValue, 6, 22, "`median` must be longer than 0 if `p99` is"),
        ("[fixture]\nlatency = { median = '40ms' }", WorkloadValue, 6, 11, "`p99` is missing in `latency`"),
        ("[fixture]\nbody = '16 parsecs'", WorkloadValue, 6, 8, "unknown unit"),
        ("[fixture]\nerror_rate = 1.5",
            WorkloadValue, 6, 14, "`error_rate` must be from 0 to 1, not 1.5; write 1.5% as 0.015"),
        ("[fixture]\nerror_rate = -0.1", WorkloadValue, 6, 14, "must be from 0 to 1, not -0.1"),
        ("[fixture]\nerror_rate = nan", WorkloadValue, 6, 14, "must be from 0 to 1, not NaN"),
        ("[fixture]\ncapacity = 0", WorkloadValue, 6, 12, "`capacity` must be at least 1, not 0"),
    ]);
}

#[test]
#[rustfmt::skip]
fn steps_are_checked() {
    check_steps(&[
        ("", WorkloadValue, 2, 1, "`kind` is missing in step 1"),
        ("kind = 'htpp'\nurl = 'x'",
            WorkloadValue, 3, 8, "`kind` cannot be 'htpp'; did you mean 'http'? it is one of cpu, sleep, http, websocket,"),
        ("kind = 'python'\ncalable = 'm:f'", WorkloadKey, 4, 1, "callable"),
        ("kind = 'python'\ncallable = 'no/such.py:f'", WorkloadNotFound, 4, 12, "no/such.py"),
        ("kind = 'python'\ncallable = 'fetch'", WorkloadValue, 4, 12, "does not name a Python callable"),
        ("kind = 'cpu'\nkernel = 'sha265'\nwork = '5ms'",
            WorkloadValue, 4, 10, "`kernel` cannot be 'sha265'; did you mean 'sha256'? it is one of sha256, sort"),
        ("kind = 'cpu'\nkernel = 'sort'", WorkloadValue, 2, 1, "`work` is missing in step 1 (cpu)"),
        ("kind = 'cpu'\nkernel = 'sort'\nwork = '0ms'", WorkloadValue, 5, 8, "`work` must be longer than 0"),
        ("kind = 'sleep'\nfor = 'soon'",
            WorkloadValue, 4, 7, "`for` is not valid: 'soon' is not a duration; write it as 5ms"),
        ("kind = 'http'\nurl = ''", WorkloadValue, 4, 7, "`url` must not be empty"),
        ("kind = 'http'\nurl = 'fixture:page'",
            WorkloadValue, 4, 7, "write a path after it, as in fixture:/page"),
        ("kind = 'http'\nurl = 'ftp://localhost/'",
            WorkloadValue, 4, 7, "it must start with http://, https:// or fixture:/"),
        ("kind = 'http'\nurl = 'https://example.com/{item}'",
            WorkloadRemote, 4, 7, "`url` points at 'example.com', which is not this machine, and the workload sets no limit; set max_in_flight"),
        ("kind = 'http'\nurl = 'fixture:/'\nmethod = 'get'",
            WorkloadValue, 5, 10, "`method` cannot be 'get'; did you mean 'GET'?"),
        ("kind = 'http'\nurl = 'fixture:/'\npool = 'true'",
            WorkloadValue, 5, 8, "`pool` must be true or false, not a string; leave out the quotes"),
        ("kind = 'websocket'\nurl = 'ws://10.0.0.1/'", WorkloadRemote, 4, 7, "points at '10.0.0.1'"),
        ("kind = 'websocket'\nurl = 'fixture:/'\nmessages = 0",
            WorkloadValue, 5, 12, "`messages` must be at least 1, not 0"),
        ("kind = 'websocket'\nurl = 'fixture:/'\nsubscribers = 5_000_000_000",
            WorkloadValue, 5, 15, "`subscribers` must be at most 10000, not 5000000000"),
        ("kind = 'read'\npath = ' '", WorkloadValue, 4, 8, "`path` must not be empty"),
        ("kind = 'write'", WorkloadValue, 2, 1, "`size` is missing in step 1 (write)"),
        ("kind = 'write'\nsize = -1", WorkloadValue, 4, 8, "`size` must be at least 0, not -1"),
        ("kind = 'sqlite'\nquery = \"SELECT '{item}'\"",
            WorkloadValue, 4, 9, "`query` must not contain {item}; write ?1, which is bound to the item"),
        ("kind = 'lock'\nname = 'x{item}'\nhold = '1ms'",
            WorkloadValue, 4, 8, "`name` must not contain {item}; all tasks share one lock"),
        ("kind = 'lock'", WorkloadValue, 2, 1, "`hold` is missing in step 1 (lock)"),
    ]);
}

#[test]
#[rustfmt::skip]
fn commands_are_checked() {
    check_steps(&[
        ("kind = 'command'",
            WorkloadValue, 2, 1, "the step has no `argv` to run; write argv = [\"program\", \"argument\"]"),
        ("kind = 'command'\nargv = []", WorkloadValue, 4, 8, "`argv` must name a program"),
        ("kind = 'command'\nargv = 'ls -l'",
            WorkloadValue, 4, 8, "`argv` must be a list of strings, not a string"),
        ("kind = 'command'\nargv = ['no-such-program-anywhere']",
            WorkloadCommand, 4, 8, "`argv` cannot be run: there is no program 'no-such-program-anywhere' on the PATH"),
        ("kind = 'command'\ncommand = 'a | b'",
            WorkloadValue, 4, 11, "`command` is a line for a shell, but `shell` is not set; add shell = true"),
        ("kind = 'command'\nargv = ['sh']\ncommand = 'a'",
            WorkloadValue, 5, 11, "`command` and `argv` are both given"),
        ("kind = 'command'\nargv = ['sh']\nshell = true", WorkloadValue, 5, 9, "`shell` goes with `command`"),
    ]);
}

#[test]
fn a_limit_that_is_wrong_is_not_reported_as_absent_too() {
    let step = "[[step]]\nkind = 'http'\nurl = 'http://example.com/'\n";
    let text = format!("tasks = 1\n{step}[limits]\nrate_per_s = 0");
    let codes: Vec<_> = read(&text).expect_err("a wrong rate").iter().map(|e| e.code.as_str()).collect();
    assert_eq!(codes, ["E-WORKLOAD-003"]);
    assert!(read(&format!("tasks = 1\n{step}[limits]\nrate_per_s = 5")).is_ok());
}

fn rendered(text: &str) -> String {
    read(text).expect_err("a wrong workload").render(false)
}

#[test]
fn an_unknown_key_is_shown_where_it_stands() {
    insta::assert_snapshot!(rendered("tasks = 10\n\n[[step]]\nkind = 'cpu'\nkernal = 'sort'\nwork = '5ms'\n"), @r"
    error[E-WORKLOAD-002]: unknown key `kernal` in step 1 (cpu)
     --> w.toml:5:1
      |
    5 | kernal = 'sort'
      | ^^^^^^
      |
      = help: did you mean 'kernel'? the keys here are kind, kernel, work, workers, ordered
    ");
}

#[test]
fn a_wrong_unit_is_shown_where_it_stands() {
    insta::assert_snapshot!(rendered("tasks = 10\n[[step]]\nkind = 'sleep'\nfor = '5 parsecs'  # far\n"), @r"
    error[E-WORKLOAD-003]: `for` is not valid: unknown unit 'parsecs' in '5 parsecs'; use ns, us, ms, s, min or h
     --> w.toml:4:7
      |
    4 | for = '5 parsecs'  # far
      |       ^^^^^^^^^^^
    ");
}

#[test]
fn several_errors_are_shown_one_after_another() {
    insta::assert_snapshot!(rendered("tasks = 0\n[[step]]\nkind = 'http'\nurl = 'https://example.com/'\n"), @r"
    error[E-WORKLOAD-003]: `tasks` must be at least 1, not 0
     --> w.toml:1:9
      |
    1 | tasks = 0
      |         ^

    error[E-WORKLOAD-006]: `url` points at 'example.com', which is not this machine, and the workload sets no limit
     --> w.toml:4:7
      |
    4 | url = 'https://example.com/'
      |       ^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: set max_in_flight or rate_per_s under [limits] to what the owner of the host allows
    ");
}

/// Valid texts to damage.
fn valid_text() -> impl Strategy<Value = &'static str> {
    let texts: Vec<_> = samples().iter().map(|sample| sample.text).chain([INIT]).collect();
    prop::sample::select(texts)
}

/// Printing must not panic either, whatever the place is.
fn render_all(text: &str) {
    if let Err(errors) = read(text) {
        assert!(!errors.render(true).is_empty() && !errors.to_string().is_empty());
        assert!(errors.iter().all(|error: &InputError| error.place.is_some()), "{errors}");
    }
}

proptest! {
    #[test]
    fn no_text_at_all_panics(text in any::<String>()) {
        render_all(&text);
    }

    #[test]
    fn no_damaged_workload_panics(
        text in valid_text(),
        at in any::<prop::sample::Index>(),
        length in 0_usize..40,
        insert in "\\PC{0,6}|[\\[\\]{}='\"\\n\\\\#.,0-9-]{0,6}",
    ) {
        let start = text.floor_char_boundary(at.index(text.len()));
        let end = text.ceil_char_boundary(start + length);
        render_all(&format!("{}{insert}{}", &text[..start], &text[end..]));
    }
}
