//! The limits that a server sets to all calls.

use std::time::Duration;

use crate::units::{Seconds, parse_duration};

/// Time that a call may take beyond its measuring time: imports, the profile, what strategies cost on this
/// machine. Calibrating a machine for the first time takes most of it.
const CALL_OVERHEAD: Duration = Duration::from_secs(120);

/// The limits of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallLimits {
    /// The longest measuring time that a call may ask for.
    pub budget: Duration,
    /// The largest number of tasks in flight that a call may ask for.
    pub width: usize,
}

impl CallLimits {
    /// Returns the time that the caller asks for, or `usual` as far as this server allows it.
    ///
    /// # Errors
    /// A message for the caller, if the time is no duration, 0 or beyond the limit.
    pub(super) fn time(&self, name: &str, asked: Option<&str>, usual: Duration) -> Result<Duration, String> {
        let Some(asked) = asked else { return Ok(usual.min(self.budget)) };
        let time = parse_duration(asked).map_err(|error| format!("{name}: {error}"))?;
        if time.is_zero() {
            return Err(format!("{name}: must be greater than 0"));
        }
        if time > self.budget {
            let most = Seconds::from(self.budget);
            return Err(format!("{name}: {asked} is more than this server allows; ask for at most {most}"));
        }
        Ok(time)
    }

    /// Returns the largest width that the caller asks for, or the one of this server.
    ///
    /// # Errors
    /// A message for the caller, if it is 0 or beyond the limit.
    pub(super) fn width(&self, asked: Option<usize>) -> Result<usize, String> {
        match asked {
            Some(0) => Err("max_width: must be at least 1".to_owned()),
            Some(width) if width > self.width => Err(format!(
                "max_width: {width} is more than this server allows; ask for at most {}",
                self.width
            )),
            Some(width) => Ok(width),
            None => Ok(self.width),
        }
    }

    /// Returns the time after which a call that measures for `budget` is ended.
    #[expect(clippy::unused_self, reason = "the overhead belongs to the limits")]
    pub(super) fn of_call(&self, budget: Duration) -> Duration {
        budget + CALL_OVERHEAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: CallLimits = CallLimits { budget: Duration::from_secs(60), width: 64 };
    const USUAL: Duration = Duration::from_secs(5);

    #[test]
    fn a_caller_sets_a_time_and_the_server_bounds_it() {
        assert_eq!(LIMITS.time("budget", None, USUAL), Ok(USUAL));
        assert_eq!(LIMITS.time("budget", Some("60s"), USUAL), Ok(Duration::from_secs(60)));
        let short = CallLimits { budget: Duration::from_secs(1), ..LIMITS };
        assert_eq!(short.time("budget", None, USUAL), Ok(Duration::from_secs(1)));
        for (asked, part) in [("61s", "at most 60"), ("0s", "greater than 0"), ("soon", "budget: ")] {
            let refused = LIMITS.time("budget", Some(asked), USUAL).expect_err(asked);
            assert!(refused.contains(part), "{refused}");
        }
    }

    #[test]
    fn a_caller_sets_a_width_and_the_server_bounds_it() {
        assert_eq!(LIMITS.width(None), Ok(64));
        assert_eq!(LIMITS.width(Some(8)), Ok(8));
        assert!(LIMITS.width(Some(65)).is_err_and(|refused| refused.contains("at most 64")));
        assert!(LIMITS.width(Some(0)).is_err());
    }
}
