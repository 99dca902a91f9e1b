//! Expected and actual classes, and the number of errors that are tolerated.

use conc::internal::{Class, Confidence, Document, PollingCause, Unknown};

use crate::case::Case;
use crate::sandbox::Sandbox;

/// Maximum number of cases that may be wrong in one round.
const MAY_BE_WRONG: usize = 1;

/// Minimum share of I/O-bound cases whose main wait has to be right.
const WAITS_RIGHT: f64 = 0.9;

/// Maximum number of cases that may report something as unknown that is known or does not matter.
const MAY_HIDE_MORE: usize = 2;

/// Minimum number of cases that must run, so that a machine without the programs does not pass.
const FEWEST: usize = 60;

/// The result of `conc profile` on a case.
pub(crate) struct Got {
    class: Option<Class>,
    fraction: f64,
    confidence: Confidence,
    reason: String,
    wait: String,
    pattern: &'static str,
    samples: u64,
    unknown: Vec<String>,
    polling: Option<PollingCause>,
}

impl Got {
    /// Runs `conc profile` on the command of a case, as a user would.
    pub(crate) fn of(case: &Case, sandbox: &Sandbox) -> Self {
        let output = sandbox.profile(case);
        let said = String::from_utf8_lossy(&output.stderr);
        let text = String::from_utf8_lossy(&output.stdout);
        let document: Document =
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}: {said}", case.name));
        let profile = document.reports()[0].profile.clone().unwrap();
        let tree = profile.tree.unwrap();
        let wait = profile.waits.named().into_iter().max_by(|a, b| a.1.total_cmp(&b.1));
        Got {
            class: profile.class,
            fraction: profile.cpu_fraction,
            confidence: profile.confidence,
            reason: format!("{:?}", profile.confidence_reason),
            wait: wait.filter(|(_, share)| *share > 0.0).map_or("-", |(name, _)| name).to_owned(),
            pattern: tree.pattern.as_str(),
            samples: profile.samples,
            polling: profile.polling.map(|polling| polling.cause),
            unknown: tree.unknown.iter().map(code).collect(),
        }
    }

    fn is_right(&self, case: &Case) -> bool {
        // A case without classes shows too little for one.
        self.class.map_or(case.classes.is_empty(), |class| case.classes.contains(&class))
    }

    fn is_wait_right(&self, case: &Case) -> bool {
        case.waits.contains(&self.wait.as_str())
    }

    /// Returns what is said to be unknown and should be known.
    fn hidden<'a>(&'a self, case: &'a Case) -> impl Iterator<Item = &'a str> {
        self.unknown.iter().map(String::as_str).filter(|code| !case.may_be_unknown(code))
    }

    /// Returns true if polling is told where there is much of it.
    fn tells_polling(&self, case: &Case) -> bool {
        case.polls.is_none()
            || case.polls == self.polling
            || self.unknown.iter().any(|code| code == "polling")
    }

    /// Returns a line of the table.
    pub(crate) fn line(&self, case: &Case) -> String {
        let expected: Vec<_> = case.classes.iter().map(|class| class.as_str()).collect();
        let mut line = format!(
            "{:27} {:12} {:10} {:5.2}  {:10} {:8} {:11} {:3} samples",
            case.name,
            if expected.is_empty() { "none".to_owned() } else { expected.join("|") },
            self.class.map_or("none", Class::as_str),
            self.fraction,
            self.confidence.as_str(),
            self.wait,
            self.pattern,
            self.samples,
        );
        if !self.is_right(case) {
            line.push_str("  WRONG");
        }
        if case.is_io() && !self.is_wait_right(case) {
            line.push_str(&format!("  WAIT, expected {}", case.waits.join("|")));
        }
        if !self.tells_polling(case) {
            line.push_str(&format!("  POLLING {:?}, expected {:?}", self.polling, case.polls));
        }
        for code in self.hidden(case) {
            line.push_str(&format!("  UNKNOWN {code}"));
        }
        if self.confidence != Confidence::High {
            line.push_str(&format!("  ({})", self.reason));
        }
        line
    }
}

/// Returns the code of a gap, as the JSON has it.
fn code(unknown: &Unknown) -> String {
    serde_json::to_value(unknown).unwrap()["code"].as_str().unwrap().to_owned()
}

/// All cases, once each, under the same conditions.
pub(crate) struct Round {
    title: &'static str,
    cases: usize,
    wrong: Vec<&'static str>,
    wrong_at_high: Vec<&'static str>,
    io: usize,
    wrong_waits: Vec<&'static str>,
    hidden: Vec<&'static str>,
    untold_polling: Vec<&'static str>,
}

impl Round {
    pub(crate) fn new(title: &'static str) -> Self {
        Round {
            title,
            cases: 0,
            wrong: vec![],
            wrong_at_high: vec![],
            io: 0,
            wrong_waits: vec![],
            hidden: vec![],
            untold_polling: vec![],
        }
    }

    pub(crate) fn add(&mut self, case: &Case, got: Got) {
        self.cases += 1;
        if !got.is_right(case) {
            self.wrong.push(case.name);
            if got.confidence == Confidence::High {
                self.wrong_at_high.push(case.name);
            }
        }
        if !got.tells_polling(case) {
            self.untold_polling.push(case.name);
        }
        if got.hidden(case).next().is_some() {
            self.hidden.push(case.name);
        }
        if case.is_io() {
            self.io += 1;
            if !got.is_wait_right(case) {
                self.wrong_waits.push(case.name);
            }
        }
    }

    pub(crate) fn summary(&self) -> String {
        format!(
            "{}: {} of {} right, {} wrong at high confidence, main wait right in {} of {} io-bound cases, \
             too much unknown in {}",
            self.title,
            self.cases - self.wrong.len(),
            self.cases,
            self.wrong_at_high.len(),
            self.io - self.wrong_waits.len(),
            self.io,
            self.hidden.len(),
        )
    }

    /// Returns the expectations that the round does not meet.
    pub(crate) fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.wrong.len() > MAY_BE_WRONG {
            faults.push(format!("{}: wrong: {}", self.title, self.wrong.join(", ")));
        }
        if !self.wrong_at_high.is_empty() {
            faults.push(format!(
                "{}: wrong at high confidence: {}",
                self.title,
                self.wrong_at_high.join(", ")
            ));
        }
        if ((self.io - self.wrong_waits.len()) as f64) < WAITS_RIGHT * self.io as f64 {
            faults.push(format!("{}: wrong main wait: {}", self.title, self.wrong_waits.join(", ")));
        }
        if self.hidden.len() > MAY_HIDE_MORE {
            faults.push(format!("{}: unknown, but known: {}", self.title, self.hidden.join(", ")));
        }
        faults
    }

    /// Returns a message if polling is not told; on a busy machine, libraries give up polling soon.
    pub(crate) fn untold_polling(&self) -> Option<String> {
        let names = self.untold_polling.join(", ");
        (!names.is_empty()).then(|| format!("{}: polling is not told: {names}", self.title))
    }

    /// Returns a message if there were too few cases to prove anything.
    pub(crate) fn too_few(&self) -> Option<String> {
        (self.cases < FEWEST).then(|| format!("only {} cases could be run; install the programs", self.cases))
    }
}
