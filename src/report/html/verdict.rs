//! The verdict of a gate as coloured text.

use crate::gate::GateVerdict;

/// Returns a verdict in its colour, which repeats what the word says.
pub(super) fn verdict(verdict: GateVerdict) -> String {
    format!("<span class=\"verdict {verdict}\">{verdict}</span>")
}
