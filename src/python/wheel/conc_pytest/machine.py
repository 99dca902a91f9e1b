"""What the machine allows this process: CPUs and memory, with the limits of its control groups."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

# Version 1 of control groups writes "no limit" as a number near 2**63.
NO_LIMIT_BYTES = 1 << 60


def effective_cpus(root: Path = Path("/")) -> float:
    """Returns the CPUs that this process may use: those of its affinity, or a smaller quota."""
    affinity = getattr(os, "sched_getaffinity", None)
    cpus = len(affinity(0)) if affinity else os.cpu_count() or 1
    return min([float(cpus), *(quota for group in _groups(root, "cpu") for quota in _cpu_quota(group))])


def available_bytes(root: Path = Path("/")) -> Optional[int]:
    """Returns the bytes of memory that are free for new processes; None if nothing says so."""
    lines = _read(root / "proc/meminfo").splitlines()
    machine = [int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")]
    groups = [_available_of(group) for group in _groups(root, "memory")]
    return min([*machine, *(free for free in groups if free is not None)], default=None)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yields the directories of the groups of this process, each before the one above it."""
    mount = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        top = mount / controller if controllers else mount
        relative = Path(path.lstrip("/"))
        # A group outside of the namespace of this process cannot be read.
        if ".." not in relative.parts:
            yield from (top / part for part in [relative, *relative.parents])


def _cpu_quota(group: Path) -> Iterator[float]:
    """Yields the CPUs of a group's quota, if it has one."""
    fields = _read(group / "cpu.max").split()
    if not fields:
        fields = [*_read(group / "cpu.cfs_quota_us").split(), *_read(group / "cpu.cfs_period_us").split()]
    if len(fields) == 2 and fields[0].isdigit() and int(fields[1]) > 0:
        yield int(fields[0]) / int(fields[1])


def _available_of(group: Path) -> Optional[int]:
    limit = _number(group / "memory.max") or _number(group / "memory.limit_in_bytes")
    used = _number(group / "memory.current") or _number(group / "memory.usage_in_bytes")
    if limit is None or used is None or limit >= NO_LIMIT_BYTES:
        return None
    # The page cache that nobody has used lately is given back when it is needed.
    cached = [
        line.split()[1]
        for line in _read(group / "memory.stat").splitlines()
        if line.startswith("inactive_file ")
    ]
    return max(0, limit - max(0, used - int(cached[0] if cached else 0)))


def _number(path: Path) -> Optional[int]:
    text = _read(path).strip()
    return int(text) if text.isdigit() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
