//! The width of a run: fixed by the user, or found by the controller; the user may change either.

use crate::job::width::controller::Controller;
use crate::job::width::reading::{Reading, WidthConfig};
use crate::job::width::report::{WidthLimit, WidthReport, WidthStep};

/// Changes of the width that are kept for the report; of more, every other is dropped.
const MAX_STEPS: usize = 256;

/// The width of a run.
#[derive(Debug)]
pub struct Governor {
    controller: Option<Controller>,
    /// The width that the user has fixed.
    fixed: usize,
    steps: Vec<WidthStep>,
    /// Whether the user has changed the width while the run went on.
    is_changed: bool,
}

impl Governor {
    /// Fixes the width.
    pub fn fixed(width: usize) -> Self {
        Governor { controller: None, fixed: width.max(1), steps: Vec::new(), is_changed: false }
    }

    /// Finds the width; there are `total` items, if that is known.
    pub fn auto(config: WidthConfig, total: Option<u64>) -> Self {
        let controller = Some(Controller::new(config, total));
        Governor { controller, fixed: 1, steps: Vec::new(), is_changed: false }
    }

    /// Returns whether the width is still looked for.
    pub fn is_searching(&self) -> bool {
        self.controller.is_some()
    }

    /// Returns the width now.
    pub fn width(&self) -> usize {
        self.controller.as_ref().map_or(self.fixed, Controller::width)
    }

    /// Returns the greatest width that the run can come to by itself.
    pub fn widest(&self) -> usize {
        self.controller.as_ref().map_or(self.fixed, Controller::widest)
    }

    /// Changes the width as the user has asked: from then on it is fixed.
    pub fn step(&mut self, steps: i64) {
        if steps == 0 {
            return;
        }
        let width = i64::try_from(self.width()).unwrap_or(i64::MAX);
        self.fixed = usize::try_from(width.saturating_add(steps)).unwrap_or(1).max(1);
        self.controller = None;
        self.is_changed = true;
    }

    /// Begins at this reading: what happened before says nothing about widths.
    pub fn begin(&mut self, reading: &Reading) {
        self.controller.iter_mut().for_each(|controller| controller.begin(reading));
    }

    /// Returns the width from this reading on.
    pub fn decide(&mut self, reading: &Reading) -> usize {
        if let Some(controller) = &mut self.controller {
            controller.decide(reading);
        }
        let width = self.width();
        if self.steps.last().is_none_or(|step| step.width != width) {
            if self.steps.len() >= MAX_STEPS {
                let mut keep = false;
                self.steps.retain(|_| {
                    keep = !keep;
                    keep
                });
            }
            self.steps.push(WidthStep { at_s: reading.now_s, width });
        }
        width
    }

    /// Returns what was learned.
    pub fn report(&self) -> WidthReport {
        let base = WidthReport {
            width: self.width(),
            choice: if self.is_changed { "changed by a signal" } else { "fixed" }.to_owned(),
            steps: self.steps.clone(),
            limit: WidthLimit::Fixed,
            per_second: None,
            error: None,
            rejected: 0,
            search_cost_s: 0.0,
        };
        match &self.controller {
            None => base,
            Some(controller) => WidthReport { choice: "auto".to_owned(), ..controller.report(base) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit that is found at a width of 64 with so many tasks of 0.1 s in flight, while so many slots wait for
    /// the input.
    fn limit(in_flight: u32, starved: f64) -> WidthLimit {
        let mut governor = Governor::auto(WidthConfig { cpus: 4.0, max: 64, prior: Some(64) }, None);
        for tenth in 0..30 {
            let now_s = f64::from(tenth) * 0.1;
            let busy_s = now_s * f64::from(in_flight);
            let reading = Reading {
                now_s,
                ok: u64::from(in_flight * tenth),
                busy_s,
                squares_s2: busy_s * 0.1,
                in_flight_s: busy_s,
                starved_s: now_s * starved,
                running: in_flight as usize,
                ..Reading::default()
            };
            governor.decide(&reading);
        }
        governor.report().limit
    }

    #[test]
    fn the_input_is_the_limit_only_if_free_slots_waited_for_it() {
        assert_eq!(limit(64, 0.0), WidthLimit::MaxWidth);
        assert_eq!(limit(40, 24.0), WidthLimit::Source);
        assert_eq!(limit(40, 0.0), WidthLimit::Unknown, "slots were not filled for some other reason");
        assert_eq!(limit(60, 4.0), WidthLimit::MaxWidth, "hardly any slot waited");
    }

    #[test]
    fn a_signal_fixes_the_width_one_up_or_down() {
        let config = WidthConfig { cpus: 4.0, max: 64, prior: None };
        let mut governor = Governor::auto(config, None);
        assert_eq!(governor.decide(&Reading::default()), 4);
        governor.step(2);
        assert_eq!(governor.decide(&Reading { now_s: 1.0, ..Reading::default() }), 6);
        governor.step(-9);
        assert_eq!(governor.width(), 1);
        let report = governor.report();
        assert_eq!((report.choice.as_str(), report.limit), ("changed by a signal", WidthLimit::Fixed));
        assert_eq!(report.steps.len(), 2);
    }
}
