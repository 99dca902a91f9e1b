from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from conc_harness.results_file import LayoutError, ResultsFile, file_size

# Read by the tests of `src/python/results_file.rs` too.
GOLDEN = Path(__file__).parents[4] / "tests" / "data" / "results_file_v2.bin"
TASKS, SLOTS = 4, 2

only_little_endian = pytest.mark.skipif(sys.byteorder != "little", reason="the golden file is little-endian")


def write_golden(path: Path) -> None:
    with ResultsFile.create(str(path), TASKS, SLOTS) as file:
        file.latency[0], file.latency[1], file.latency[3] = 5_000, 6_000, 9
        file.release(40)
        file.ended[0], file.ended[1] = 5_040, 11_040
        file.digest[0] = 7
        # The first worker runs task 2 since 99 ns, and was free since 98 ns.
        file.slots[0], file.slots[1], file.slots[2] = 3, 99, 98
        file.status[0], file.status[1] = 1, 2


@only_little_endian
def test_the_file_that_is_written_is_the_golden_file(tmp_path: Path) -> None:
    path = tmp_path / "results"
    write_golden(path)
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_bytes(path.read_bytes())
    assert path.read_bytes() == GOLDEN.read_bytes()


@only_little_endian
def test_the_golden_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "results"
    path.write_bytes(GOLDEN.read_bytes())
    file = ResultsFile.open(str(path), TASKS, SLOTS)
    assert list(file.latency) == [5_000, 6_000, 0, 9]
    assert list(file.ended) == [5_040, 11_040, 0, 0]
    assert [file.free_since(slot) for slot in range(SLOTS)] == [98, 40]
    assert list(file.digest) == [7, 0, 0, 0]
    assert list(file.status) == [1, 2, 0, 0]
    assert [file.current_task(slot) for slot in range(SLOTS)] == [2, None]


def test_a_file_of_another_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "results"
    write_golden(path)
    good = path.read_bytes()

    def refusal(data: bytes, tasks: int = TASKS) -> str:
        path.write_bytes(data)
        with pytest.raises(LayoutError) as refused:
            ResultsFile.open(str(path), tasks, SLOTS)
        return str(refused.value)

    assert "no header" in refusal(good[:39])
    assert "is not a results file" in refusal(b"x" + good[1:])
    version = (3).to_bytes(8, sys.byteorder)
    assert "layout version 3, expected 2" in refusal(good[:8] + version + good[16:])
    assert "is for 4 tasks and 2 slots, expected 5 tasks" in refusal(good, tasks=5)
    assert f"has {len(good) - 1} bytes, expected {file_size(TASKS, SLOTS)}" in refusal(good[:-1])


def test_processes_share_what_they_write(tmp_path: Path) -> None:
    path = str(tmp_path / "results")
    one, other = ResultsFile.create(path, 1, 1), ResultsFile.open(path, 1, 1)
    one.latency[0] = 12
    assert other.latency[0] == 12
