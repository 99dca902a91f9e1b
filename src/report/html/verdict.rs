//! The verdict of a gate as coloured text.

use crate::gate::GateVerdict;

/// Returns a verdict in its colour; the word says it without the colour.
pub(super) fn verdict(verdict: GateVerdict) -> String {
    format!("<span class=\"verdict {verdict}\">{verdict}</span>")
}
