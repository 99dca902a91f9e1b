//! An item that ended on a worker, as an attempt.

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use data_encoding::BASE64;
use serde_json::value::RawValue;

use crate::job::outcome::{Attempt, Ending};
use crate::job::output::{Output, Stored};
use crate::python::cluster_client::Ended;

/// Reads the end of an item: its number, and what came of it. Large outputs go to a file in `scratch`.
pub(crate) fn read(json: &RawValue, scratch: &Path) -> Option<(u64, Attempt)> {
    let ended = Ended::parse(json).ok()?;
    let started = Duration::try_from_secs_f64(ended.more.started).unwrap_or_default();
    let mut attempt = Attempt {
        ending: ending(&ended),
        started: UNIX_EPOCH.checked_add(started).unwrap_or_else(SystemTime::now),
        seconds: ended.served.seconds,
        cpu_s: ended.served.cpu_s,
        output: Output::default(),
        value: None,
        retry_after: ended.served.retry_after_s.and_then(|s| Duration::try_from_secs_f64(s).ok()),
    };
    let is_command = ended.more.exit.is_some() || ended.more.stdout.is_some();
    let streams =
        [(ended.more.stdout, &mut attempt.output.stdout), (ended.more.stderr, &mut attempt.output.stderr)];
    for (encoded, stored) in streams {
        if let Err(error) = store(encoded.as_deref().unwrap_or_default(), stored, scratch) {
            attempt.ending = Ending::Broken(format!("its output cannot be kept: {error}"));
        }
    }
    if !is_command && attempt.ending.is_success() {
        let shown = ended.served.repr.map(|text| serde_json::Value::from(text).to_string());
        let value = ended.served.value.map(|value| value.get().to_owned());
        attempt.value = Some(value.or(shown).unwrap_or_else(|| "null".to_owned()));
    }
    Some((ended.served.number, attempt))
}

fn ending(ended: &Ended) -> Ending {
    let (served, more) = (&ended.served, &ended.more);
    if more.timed_out {
        return Ending::TimedOut;
    }
    match (&more.broken, served.code, more.signal) {
        (Some(reason), _, _) => Ending::Broken(reason.clone()),
        (None, Some(code), _) => Ending::Raised(code, served.message.clone().unwrap_or_default()),
        (None, None, Some(signal)) => Ending::Signaled(signal),
        (None, None, None) => Ending::Exited(more.exit.unwrap_or(0)),
    }
}

fn store(encoded: &str, stored: &mut Stored, scratch: &Path) -> io::Result<()> {
    let bytes = BASE64.decode(encoded.as_bytes()).map_err(io::Error::other)?;
    if bytes.is_empty() { Ok(()) } else { stored.append(&bytes, scratch) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Code;

    fn attempt(json: &str) -> Attempt {
        let raw: Box<RawValue> = serde_json::from_str(json).expect("JSON");
        let (number, attempt) = read(&raw, &std::env::temp_dir()).expect("an item");
        assert_eq!((number, attempt.seconds), (7, 0.5));
        attempt
    }

    #[test]
    fn a_callable_has_a_value_and_a_command_has_output() {
        let value = attempt(r#"{"n":7,"started":1.0,"seconds":0.5,"cpu_s":0.1,"value":{"a":[1]}}"#);
        assert_eq!((value.value.as_deref(), &value.ending), (Some(r#"{"a":[1]}"#), &Ending::Exited(0)));
        assert_eq!(
            attempt(r#"{"n":7,"started":1,"seconds":0.5,"cpu_s":null,"value":null}"#).value.as_deref(),
            Some("null")
        );
        let shown = attempt(r#"{"n":7,"started":1,"seconds":0.5,"cpu_s":0,"repr":"{1}"}"#);
        assert_eq!(shown.value.as_deref(), Some("\"{1}\""));
        let command = attempt(
            r#"{"n":7,"started":1,"seconds":0.5,"cpu_s":0,"exit":3,"signal":null,"stdout":"YQo=","stderr":""}"#,
        );
        assert_eq!((&command.ending, &command.value), (&Ending::Exited(3), &None));
        assert_eq!(command.output.stdout.read_all().expect("read"), b"a\n");
    }

    #[test]
    fn every_other_end_is_told_apart() {
        let ending =
            |more: &str| attempt(&format!(r#"{{"n":7,"started":1,"seconds":0.5,"cpu_s":0,{more}}}"#)).ending;
        let raised = Ending::Raised(Code::PythonRaised, "ValueError: x".to_owned());
        assert_eq!(ending(r#""code":"E-PYTHON-004","message":"ValueError: x","retry_after_s":null"#), raised);
        assert_eq!(ending(r#""timed_out":true"#), Ending::TimedOut);
        assert_eq!(ending(r#""exit":null,"signal":9,"stdout":"","stderr":"""#), Ending::Signaled(9));
        assert_eq!(ending(r#""broken":"no such file""#), Ending::Broken("no such file".to_owned()));
    }
}
