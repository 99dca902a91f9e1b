"""The probes of a check."""

from __future__ import annotations

from .child_processes import ChildProcesses
from .finding_list import FindingList
from .loop_objects import LoopBoundAtImport
from .loop_threads import LoopThreads
from .probe import Probe
from .thread_starts import ThreadStarts
from .update_watch import UpdateWatch


def all_probes(findings: FindingList) -> list[Probe]:
    """Returns a new probe of each kind, which adds what it finds to the findings."""
    kinds = (ChildProcesses, UpdateWatch, LoopThreads, ThreadStarts, LoopBoundAtImport)
    return [kind(findings) for kind in kinds]
