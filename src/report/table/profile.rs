//! The section about the cost of one task.

use crate::profile::Profile;
use crate::profile::result::Confidence;
use crate::report::document::Report;
use crate::report::prose;
use crate::report::prose::workload as describe;
use crate::report::table::screen::Screen;
use crate::report::table::tree;
use crate::report::text::shorten;

/// Maximum width of an item's name, in columns.
const ITEM: usize = 40;

/// Adds the class and its cost; with `detailed`, the evidence too.
pub(super) fn section(screen: &mut Screen, report: &Report, detailed: bool) {
    let Some(profile) = &report.profile else { return };
    screen.labelled(0, "Profile", &describe::class(profile));
    screen.labelled(0, "", &prose::profile::task(&profile.task));
    if let Some(polling) = &profile.polling {
        screen.labelled(0, "Polling", &prose::profile::polling(profile.class, polling));
    }
    if let Some(python) = &profile.python {
        screen.labelled(0, "", &prose::profile::interpreter(python));
    }
    if profile.class.is_some() && (detailed || profile.confidence != Confidence::High) {
        screen.labelled(0, "Confidence", &prose::profile::confidence(profile));
    }
    if detailed {
        evidence(screen, profile);
    }
    if let Some(tree) = profile.tree.as_deref().filter(|_| detailed) {
        tree::section(screen, tree, profile.wall_s, screen.options().verbose);
    }
}

fn evidence(screen: &mut Screen, profile: &Profile) {
    screen.labelled(0, "Measured", &prose::profile::measured(profile));
    if !profile.steps.is_empty() {
        screen.labelled(0, "Steps", &prose::profile::steps(&profile.steps));
    }
    if let Some(dispersion) = &profile.dispersion {
        screen.labelled(0, "Dispersion", &prose::profile::dispersion(dispersion, |item| shorten(item, ITEM)));
    }
}
