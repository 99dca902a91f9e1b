//! The stages of a pipeline: the workers of each, and the bound of the queues between them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

/// Largest number of stages; a configuration is copied often, so its stages have a fixed size.
pub(crate) const MAX_STAGES: usize = 8;

/// Tasks that a queue holds if nothing is known of the stages: enough that a stage whose times vary as much as
/// exponential ones loses 3% at most.
pub(crate) const USUAL_QUEUE: u32 = 32;

/// The workers of each stage, in the order of the steps, and the number of tasks that each queue between two
/// stages holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Stages {
    workers: [u16; MAX_STAGES],
    count: u8,
    queue: u32,
}

/// The form in documents.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Workers of each stage, in the order of the steps.
    workers: Vec<u16>,
    /// Number of tasks that each queue between two stages holds at most.
    queue: u32,
}

impl Stages {
    /// Creates stages with at least one worker each and queues of at least one task; `None` if there are no
    /// stages, or more than [`MAX_STAGES`], or too many workers.
    pub fn new(workers: &[usize], queue: u32) -> Option<Self> {
        if workers.is_empty() || workers.len() > MAX_STAGES {
            return None;
        }
        let mut kept = [0; MAX_STAGES];
        for (kept, wanted) in kept.iter_mut().zip(workers) {
            *kept = u16::try_from(*wanted).ok().filter(|workers| *workers > 0)?;
        }
        Some(Stages { workers: kept, count: workers.len() as u8, queue: queue.max(1) })
    }

    /// Spreads `width` workers evenly over `count` stages, for work of which nothing is known.
    pub fn even(count: usize, width: usize) -> Option<Self> {
        let workers: Vec<usize> =
            (0..count).map(|i| (width / count + usize::from(i < width % count)).max(1)).collect();
        Stages::new(&workers, USUAL_QUEUE)
    }

    /// Returns the same workers with queues of another length.
    #[must_use]
    pub fn with_queue(self, queue: u32) -> Self {
        Stages { queue: queue.max(1), ..self }
    }

    /// Returns the same stages with twice the workers.
    #[must_use]
    pub fn doubled(self) -> Self {
        Stages { workers: self.workers.map(|workers| workers.saturating_mul(2)), ..self }
    }

    /// Returns the workers of each stage.
    pub fn workers(&self) -> impl ExactSizeIterator<Item = usize> + Clone + '_ {
        self.workers[..usize::from(self.count)].iter().map(|workers| usize::from(*workers))
    }

    /// Returns the number of stages.
    pub fn count(&self) -> usize {
        usize::from(self.count)
    }

    /// Returns the workers of all stages together: the tasks that are worked on at once.
    pub fn width(&self) -> usize {
        self.workers().sum()
    }

    /// Returns the number of tasks that each queue between two stages holds at most.
    pub fn queue(&self) -> usize {
        self.queue as usize
    }

    /// Returns the largest number of tasks that have begun and not ended, those in queues included.
    pub fn in_flight(&self) -> usize {
        self.width() + (self.count() - 1) * self.queue()
    }
}

impl fmt::Display for Stages {
    /// Writes the workers, such as `8+2+1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, workers) in self.workers().enumerate() {
            write!(f, "{}{workers}", if i == 0 { "" } else { "+" })?;
        }
        Ok(())
    }
}

impl From<Stages> for Written {
    fn from(stages: Stages) -> Self {
        let count = stages.count();
        Written { workers: stages.workers[..count].to_vec(), queue: stages.queue }
    }
}

impl TryFrom<Written> for Stages {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let workers: Vec<usize> = written.workers.into_iter().map(usize::from).collect();
        Stages::new(&workers, written.queue)
            .ok_or_else(|| format!("a pipeline has 1 to {MAX_STAGES} stages with at least 1 worker each"))
    }
}

impl JsonSchema for Stages {
    fn schema_name() -> Cow<'static, str> {
        "Stages".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Written::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_written_as_users_type_them_and_survive_json() {
        let stages = Stages::new(&[8, 2, 1], 16).expect("three stages");
        assert_eq!(stages.to_string(), "8+2+1");
        assert_eq!((stages.width(), stages.in_flight()), (11, 11 + 2 * 16));
        let json = serde_json::to_string(&stages).expect("plain data");
        assert_eq!(json, r#"{"workers":[8,2,1],"queue":16}"#);
        assert_eq!(serde_json::from_str::<Stages>(&json).expect("as written"), stages);
    }

    #[test]
    fn no_stage_is_without_workers() {
        assert_eq!(Stages::new(&[], 1), None);
        assert_eq!(Stages::new(&[1, 0], 1), None);
        assert_eq!(Stages::new(&[1; MAX_STAGES + 1], 1), None);
        assert_eq!(Stages::new(&[1 << 16], 1), None);
        assert!(serde_json::from_str::<Stages>(r#"{"workers":[0],"queue":1}"#).is_err());
    }

    #[test]
    fn workers_of_stages_that_nobody_knows_are_spread_evenly() {
        let spread = |count, width| Stages::even(count, width).map(|stages| stages.to_string());
        assert_eq!(spread(3, 8).as_deref(), Some("3+3+2"));
        assert_eq!(spread(3, 1).as_deref(), Some("1+1+1"));
        assert_eq!(spread(0, 1), None);
    }
}
