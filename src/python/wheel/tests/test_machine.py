"""Limits of control groups in files as the kernel writes them."""

import os
from pathlib import Path

import pytest
from conc_pytest.machine import available_bytes, effective_cpus

MIB = 1 << 20


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


@pytest.fixture(autouse=True)
def many_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


def test_the_smallest_quota_on_the_way_up_counts(tmp_path: Path) -> None:
    root = written(
        tmp_path,
        {
            "proc/self/cgroup": "0::/a/b\n",
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
        },
    )
    assert effective_cpus(root) == 1.5


def test_version_1_is_read_too(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/cpu/x"
    files = {"cpu.cfs_quota_us": "300000", "cpu.cfs_period_us": "100000"}
    memory = {"memory.limit_in_bytes": f"{256 * MIB}", "memory.usage_in_bytes": f"{100 * MIB}"}
    root = written(
        tmp_path,
        {
            "proc/self/cgroup": "3:cpu,cpuacct:/x\n2:memory:/y\n",
            **{f"{group}/{name}": text for name, text in files.items()},
            **{f"sys/fs/cgroup/memory/y/{name}": text for name, text in memory.items()},
        },
    )
    assert effective_cpus(root) == 3.0
    assert available_bytes(root) == 156 * MIB
    written(root, {f"{group}/cpu.cfs_quota_us": "-1"})
    assert effective_cpus(root) == 16.0


def test_memory_is_what_the_group_and_the_machine_have_left(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/a\n",
        "proc/meminfo": "MemTotal: 9 kB\nMemAvailable: 1048576 kB\n",
        "sys/fs/cgroup/a/memory.max": f"{512 * MIB}",
        "sys/fs/cgroup/a/memory.current": f"{300 * MIB}",
        "sys/fs/cgroup/a/memory.stat": f"anon 5\ninactive_file {100 * MIB}\n",
    }
    assert available_bytes(written(tmp_path, files)) == 312 * MIB
    written(tmp_path, {"sys/fs/cgroup/a/memory.max": "max"})
    assert available_bytes(tmp_path) == 1024 * MIB


def test_nothing_known_is_no_limit(tmp_path: Path) -> None:
    assert effective_cpus(tmp_path) == 16.0
    assert available_bytes(tmp_path) is None
