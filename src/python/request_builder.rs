//! Builds requests from workloads.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::python::protocol::request::{
    CallableSpec, RateLimitRequest, RequestHeader, ResultsFileSpec, RetryRequest, TaskLimits, TaskList,
};
use crate::workload::item_order::ItemOrder;
use crate::workload::spec::OwnItems;
use crate::workload::{Items, Workload};

/// Makes the parts of requests; each results file and each token bucket gets a name of its own.
#[derive(Debug)]
pub(super) struct RequestBuilder {
    directory: PathBuf,
    seed: u64,
    import_limit: Duration,
    files: AtomicU64,
}

impl RequestBuilder {
    /// Makes a builder whose files are in `directory`.
    pub(super) fn new(directory: PathBuf, seed: u64, import_limit: Duration) -> Self {
        RequestBuilder { directory, seed, import_limit, files: AtomicU64::new(0) }
    }

    /// Returns the order of the items in one permutation.
    pub(super) fn item_order(&self, workload: &Workload, permutation_id: u64) -> ItemOrder {
        ItemOrder::new(workload.items.len(), self.seed, permutation_id)
    }

    /// Returns the header of every request for a workload.
    pub(super) fn header(&self, workload: &Workload) -> RequestHeader {
        RequestHeader {
            steps: workload.callables().map(CallableSpec::from).collect(),
            own_items: workload.has_items_of_module(),
            most_items: match workload.items_of_module() {
                OwnItems::First(most) => Some(most),
                OwnItems::All | OwnItems::None => None,
            },
            import_limit_s: self.import_limit.as_secs_f64(),
        }
    }

    /// Returns the limits of a workload; `limited_steps` are the steps whose attempts the rate counts.
    pub(super) fn limits(&self, workload: &Workload, limited_steps: Vec<bool>) -> TaskLimits {
        let rate = |per_s| RateLimitRequest { per_s, limited_steps, bucket_file: self.new_file("bucket") };
        TaskLimits {
            timeout_s: workload.limits.timeout.map(|timeout| timeout.as_secs_f64()),
            retry: workload.retry.as_ref().map(|policy| RetryRequest::new(policy, self.seed)),
            rate: workload.limits.rate_per_s.map(rate),
        }
    }

    /// Returns a results file that does not exist yet.
    pub(super) fn results_file(&self, tasks: u64, slots: usize) -> ResultsFileSpec {
        ResultsFileSpec { path: self.new_file("results"), tasks, slots }
    }

    fn new_file(&self, stem: &str) -> PathBuf {
        self.directory.join(format!("{stem}-{}", self.files.fetch_add(1, Ordering::Relaxed)))
    }
}

/// Returns the tasks at some positions of an item order.
pub(super) fn task_list(workload: &Workload, order: &ItemOrder, positions: Range<u64>) -> TaskList {
    let numbers: Vec<u64> = positions.map(|position| order.index(position)).collect();
    let items = match &workload.items {
        Items::Count(_) => None,
        list => Some(numbers.iter().map(|number| list.get(*number).to_string()).collect()),
    };
    TaskList { numbers, items }
}
