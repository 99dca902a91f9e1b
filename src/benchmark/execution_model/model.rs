//! The questions that plan and prediction ask about a language.

use crate::benchmark::configuration::Configuration;
use crate::benchmark::overhead::Overhead;
use crate::model::RateCurve;
use crate::strategy::StrategyKind;

/// The behaviour of tasks of one language under the strategies.
pub(crate) trait ExecutionModel {
    /// Returns the reason why a strategy cannot run these tasks; `None` if it can.
    fn unavailable(&self, strategy: StrategyKind) -> Option<&'static str>;

    /// Returns true if a strategy does anything for these tasks that a simpler one does not; `variants` says
    /// whether strategies that differ from another one only by their library count.
    fn fits(&self, strategy: StrategyKind, variants: bool) -> bool;

    /// Returns the work that tasks do together, by the number of tasks that compute.
    fn rates(&self, strategy: StrategyKind) -> RateCurve;

    /// Returns the CPUs that tasks can use at once under a strategy, whatever other programs use of them.
    fn cpus(&self, strategy: StrategyKind) -> f64;

    /// Returns the cost of a configuration on top of the tasks.
    fn overhead(&self, cell: &Configuration) -> Overhead;

    /// Returns the CPU seconds after which a computing thread gives way to the next one.
    fn time_slice_s(&self) -> f64;

    /// Returns the number of threads that compute under a configuration.
    fn computing_threads(&self, cell: &Configuration) -> usize;

    /// Returns true if the CPU time of waiting steps is spent on an event loop apart from the threads that
    /// compute.
    fn has_loop_of_its_own(&self, cell: &Configuration) -> bool;

    /// Returns the seconds until every worker of a configuration is ready and has paid what it pays once.
    fn startup_s(&self, cell: &Configuration) -> f64;
}
