//! `--halt`: the failures or successes after which a run ends early.

use std::str::FromStr;

use crate::job::shutdown::Stop;

/// Number of finished items from which a percentage counts, as in GNU parallel.
const PERCENT_FROM: u64 = 3;

/// The kind of items that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Failed,
    Succeeded,
    Done,
}

/// The number of items that ends the run.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Bound {
    Number(u64),
    /// A share of the finished items, from 0 to 1.
    Share(f64),
}

/// A rule such as `now,fail=1` or `soon,fail=10%`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Halt {
    stop: Stop,
    counted: Counted,
    bound: Bound,
}

impl Halt {
    /// Returns how the run is to end, once so many items have succeeded and failed.
    pub(crate) fn stop(&self, ok: u64, failed: u64) -> Option<Stop> {
        let done = ok + failed;
        let count = match self.counted {
            Counted::Failed => failed,
            Counted::Succeeded => ok,
            Counted::Done => done,
        };
        let is_reached = match self.bound {
            Bound::Number(number) => count >= number,
            Bound::Share(share) => done >= PERCENT_FROM && count > 0 && count as f64 >= share * done as f64,
        };
        is_reached.then_some(self.stop)
    }
}

impl FromStr for Halt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text).ok_or_else(|| {
            "write soon or now, a comma, and fail=, success= or done= with a number or a percentage, such as \
             soon,fail=1 or now,fail=10%"
                .to_owned()
        })
    }
}

fn parse(text: &str) -> Option<Halt> {
    let (stop, rule) = text.split_once(',')?;
    let stop = match stop {
        "soon" => Stop::Soon,
        "now" => Stop::Now,
        _ => return None,
    };
    let (counted, bound) = rule.split_once('=')?;
    let counted = match counted {
        "fail" => Counted::Failed,
        "success" => Counted::Succeeded,
        "done" => Counted::Done,
        _ => return None,
    };
    let bound = match bound.strip_suffix('%') {
        None => Bound::Number(bound.parse().ok().filter(|number| *number > 0)?),
        Some(percent) => {
            let percent: f64 = percent.parse().ok()?;
            Bound::Share((0.0..=100.0).contains(&percent).then_some(percent / 100.0)?)
        }
    };
    Some(Halt { stop, counted, bound })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_failures_ends_the_run() {
        let halt: Halt = "soon,fail=2".parse().expect("valid");
        assert_eq!((halt.stop(9, 1), halt.stop(9, 2)), (None, Some(Stop::Soon)));
        let halt: Halt = "now,success=1".parse().expect("valid");
        assert_eq!((halt.stop(0, 9), halt.stop(1, 0)), (None, Some(Stop::Now)));
        let halt: Halt = "now,done=3".parse().expect("valid");
        assert_eq!((halt.stop(1, 1), halt.stop(1, 2)), (None, Some(Stop::Now)));
    }

    #[test]
    fn a_percentage_counts_from_three_items_on() {
        let halt: Halt = "now,fail=50%".parse().expect("valid");
        assert_eq!((halt.stop(0, 2), halt.stop(2, 1), halt.stop(1, 2)), (None, None, Some(Stop::Now)));
        let halt: Halt = "now,fail=0%".parse().expect("valid");
        assert_eq!(halt.stop(5, 0), None, "nothing has failed");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "now", "later,fail=1", "now,fail", "now,fail=0", "now,fail=-1", "now,fail=200%", "now,x=1"]
        {
            assert!(text.parse::<Halt>().is_err(), "{text}");
        }
    }
}
