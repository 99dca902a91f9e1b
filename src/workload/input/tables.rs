//! The tables `[limits]`, `[retry]` and `[fixture]`; every one may be left out.

use std::time::Duration;

use crate::workload::input::document::{Reported, Table};
use crate::workload::input::value::{self, ValueError};
use crate::workload::spec::{Backoff, FixtureSpec, LatencySpec, RetryPolicy, WorkloadLimits};

/// Most attempts after the first: with pauses that double, fewer would already last longer than any run.
const MAX_RETRIES: u32 = 1000;

/// Largest page of the embedded server, in bytes: it is kept in memory, and so is every answer that a task reads.
const MAX_BODY_BYTES: u64 = 64 << 20;

/// The pause before the first retry where none is given.
const RETRY_BASE: Duration = Duration::from_millis(100);

/// Reads `[limits]`.
pub(super) fn limits(root: &mut Table<'_>) -> Result<WorkloadLimits, Reported> {
    let Some(table) = root.table("limits")? else { return Ok(WorkloadLimits::default()) };
    table.read(|t| {
        let max_in_flight = t.optional("max_in_flight", value::count);
        let rate_per_s = t.optional("rate_per_s", value::rate);
        let timeout = t.optional("timeout", value::positive_duration);
        let memory = t.optional("memory", value::positive_bytes);
        Ok(WorkloadLimits {
            max_in_flight: max_in_flight?,
            rate_per_s: rate_per_s?,
            timeout: timeout?,
            memory: memory?,
        })
    })
}

/// Reads `[retry]`.
pub(super) fn retry(root: &mut Table<'_>) -> Result<Option<RetryPolicy>, Reported> {
    let Some(table) = root.table("retry")? else { return Ok(None) };
    let backoffs = [("exponential", Backoff::Exponential), ("constant", Backoff::Constant)];
    let retry = table.read(|t| {
        let max = t.required("max", value::whole_within(0, MAX_RETRIES));
        let backoff = t.optional("backoff", value::choice(&backoffs));
        let base = t.optional("base", value::duration);
        Ok(RetryPolicy {
            max: max?,
            backoff: backoff?.unwrap_or(Backoff::Exponential),
            base: base?.unwrap_or(RETRY_BASE),
        })
    })?;
    Ok(Some(retry))
}

/// Reads `[fixture]`.
pub(super) fn fixture(root: &mut Table<'_>) -> Result<Option<FixtureSpec>, Reported> {
    let Some(table) = root.table("fixture")? else { return Ok(None) };
    let default = FixtureSpec::default();
    let fixture = table.read(|t| {
        let latency = latency(t);
        let body = t.optional("body", value::bytes_within(MAX_BODY_BYTES));
        let error_rate = t.optional("error_rate", value::share);
        let capacity = t.optional("capacity", value::count);
        Ok(FixtureSpec {
            latency: latency?.unwrap_or(default.latency),
            body: body?.unwrap_or(default.body),
            error_rate: error_rate?.unwrap_or(default.error_rate),
            capacity: capacity?,
        })
    })?;
    Ok(Some(fixture))
}

/// Reads a latency: one duration, or a table of two quantiles.
fn latency(fixture: &mut Table<'_>) -> Result<Option<LatencySpec>, Reported> {
    if !fixture.has_table("latency") {
        let constant = fixture.optional("latency", value::duration)?;
        return Ok(constant.map(|latency| LatencySpec { median: latency, p99: latency }));
    }
    let Some(table) = fixture.table("latency")? else { return Ok(None) };
    let latency = table.read(|t| {
        t.rename("`latency`".to_owned());
        let median = t.required("median", value::duration);
        let p99 = t.required("p99", value::duration);
        let latency = LatencySpec { median: median?, p99: p99? };
        if latency.p99 < latency.median {
            return Err(t.fail("p99", ValueError::new("must not be shorter than `median`")));
        }
        // A log-normal distribution is given by the ratio of its quantiles, and 0 has none.
        if latency.median.is_zero() && !latency.p99.is_zero() {
            return Err(t.fail("median", ValueError::new("must be longer than 0 if `p99` is")));
        }
        Ok(latency)
    })?;
    Ok(Some(latency))
}
