//! What one task costs and where it waits.

use crate::profile::Profile;
use crate::profile::result::{Confidence, PythonProfile};
use crate::report::document::Report;
use crate::report::prose::profile::confidence_reason;
use crate::report::prose::workload::{self as describe, counted};
use crate::report::table::screen::Screen;
use crate::report::table::tree;
use crate::report::text::shorten;
use crate::units::{Seconds, Share};

/// Columns that an item may take where it is named.
const ITEM: usize = 40;

/// The class and its cost; with `detailed`, the evidence too.
pub(super) fn section(screen: &mut Screen, report: &Report, detailed: bool) {
    let Some(profile) = &report.profile else { return };
    screen.labelled(0, "Profile", &describe::class(profile));
    let task = profile.task;
    screen.labelled(0, "", &format!("one task: {} CPU + {} wait", Seconds(task.cpu_s), Seconds(task.wait_s)));
    if let Some(python) = &profile.python {
        screen.labelled(0, "", &interpreter(python));
    }
    if detailed || profile.confidence != Confidence::High {
        screen.labelled(
            0,
            "Confidence",
            &format!("{}: {}", profile.confidence.as_str(), confidence_reason(&profile.confidence_reason)),
        );
    }
    if detailed {
        evidence(screen, profile);
    }
    if let Some(tree) = profile.tree.as_deref().filter(|_| detailed) {
        tree::section(screen, tree, profile.wall_s, screen.options().verbose);
    }
}

/// `Python 3.12.1, GIL wanted by others 93% of the time, processes by fork`
fn interpreter(python: &PythonProfile) -> String {
    let release = python.version.split_whitespace().next().unwrap_or_default();
    let lock = match python.gil_wanted {
        _ if !python.has_lock() => ", no GIL".to_owned(),
        Some(share) => format!(", GIL wanted by others {} of the time", Share(share)),
        None => String::new(),
    };
    format!("Python {release}{lock}, processes by {}", python.start_method)
}

fn evidence(screen: &mut Screen, profile: &Profile) {
    let measured = format!(
        "{} in {}: {} user, {} system, {} in the run queue; {}",
        counted(profile.tasks, "task"),
        Seconds(profile.wall_s),
        Seconds(profile.cpu_user_s),
        Seconds(profile.cpu_system_s),
        Seconds(profile.runqueue_s),
        counted(profile.samples, "sample"),
    );
    screen.labelled(0, "Measured", &measured);
    if !profile.steps.is_empty() {
        let steps: Vec<_> =
            profile.steps.iter().map(|s| format!("{} {}", s.kind, Seconds(s.wall_s))).collect();
        screen.labelled(0, "Steps", &steps.join(" -> "));
    }
    if let Some(dispersion) = &profile.dispersion {
        let slowest: Vec<_> = dispersion
            .slowest
            .iter()
            .map(|task| format!("{} {}", shorten(&task.item, ITEM), Seconds(task.wall_s)))
            .collect();
        let differ = format!(
            "coefficient of variation {:.2}; slowest: {}",
            dispersion.coefficient_of_variation,
            slowest.join(", ")
        );
        screen.labelled(0, "Dispersion", &differ);
    }
}
