from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from conc_harness.chunk_outcome import ChunkOutcome, PackedOutcome, run_chunk, unpack
from conc_harness.errors import NOT_PICKLED
from conc_harness.results_file import ResultsFile


class Unreadable:
    def __reduce__(self) -> tuple[Any, ...]:
        return (int, ("no number",))


def pack(*values: object) -> PackedOutcome:
    outcome = ChunkOutcome()
    outcome.values.extend(values)
    return outcome.pack(range(10, 10 + len(values)))


def test_plain_values_are_not_pickled() -> None:
    packed = pack(1, "two", None)
    assert not packed.is_pickled and packed.worked_ns > 0
    assert unpack(packed, range(10, 13)) == ([1, "two", None], [])


def test_other_values_are_pickled() -> None:
    packed = pack({"a": 1}, [2])
    assert packed.is_pickled
    assert unpack(packed, range(10, 12)) == ([{"a": 1}, [2]], [])


def test_a_value_that_cannot_be_pickled_fails_alone() -> None:
    values, failures = unpack(pack({"a": 1}, threading.Lock()), range(10, 12))
    assert values == [{"a": 1}, None]
    ((task, code, message),) = failures
    assert (task, code) == (11, NOT_PICKLED) and message.startswith("the result: TypeError")


def test_values_that_cannot_be_unpickled_fail_together() -> None:
    values, failures = unpack(pack(1, Unreadable()), range(10, 12))
    assert values == [None, None]
    assert [(task, code) for task, code, _ in failures] == [(10, NOT_PICKLED), (11, NOT_PICKLED)]


def test_a_chunk_records_its_tasks(tmp_path: Path) -> None:
    file = ResultsFile.create(str(tmp_path / "results"), 4, 1)

    def call(item: int) -> int:
        assert file.current_task(0) == item
        if item == 2:
            raise SystemExit(7)
        return item

    outcome = run_chunk(call, file, 0, 1, [1, 2, 3])
    assert outcome.values == [1, None, 3]
    assert [(task, code) for task, code, _ in outcome.failures] == [(2, "E-PYTHON-004")]
    assert [latency > 0 for latency in file.latency] == [False, True, True, True]
    assert file.current_task(0) is None
