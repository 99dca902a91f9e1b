//! The recommendation: pure over results.
