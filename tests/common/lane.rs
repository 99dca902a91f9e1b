//! The lanes of the tests: `cargo test` skips tests that take minutes, and says so.

use std::io::Write;

/// The variable that asks for every test; `.ci/run all` sets it.
const VARIABLE: &str = "CONC_TESTS";

/// Returns whether every test is to run. If not, says on standard error which one is left out.
pub(crate) fn runs_all(test: &str) -> bool {
    let runs_all = std::env::var_os(VARIABLE).is_some_and(|lane| lane == "all");
    if !runs_all {
        // Written to the stream itself: the output of a print macro is only shown if the test fails.
        let _ = writeln!(std::io::stderr(), "skipped: {test} ({VARIABLE}=all runs it, and .ci/run all)");
    }
    runs_all
}
