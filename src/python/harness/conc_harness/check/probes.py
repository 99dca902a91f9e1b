"""The probes of a check."""

from __future__ import annotations

from .child_processes import ChildProcesses
from .finding_list import FindingList
from .probe import Probe


def all_probes(findings: FindingList) -> list[Probe]:
    """Returns a new probe of each kind, which adds what it finds to the findings."""
    return [ChildProcesses(findings)]
