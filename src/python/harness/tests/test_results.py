from __future__ import annotations

from pathlib import Path

import pytest

from conc_harness.digest import digest
from conc_harness.errors import (
    CANCELLED,
    EXHAUSTED,
    FILE,
    LOOP,
    NETWORK,
    NOT_AWAITED,
    NOT_PICKLED,
    RAISED,
    TIMED_OUT,
    CodedError,
    TaskTimeout,
    describe,
)
from conc_harness.results import MAX_ERROR_KINDS, TaskResults
from conc_harness.results_file import FIRST_ERROR_STATUS, STATUS_OK, ResultsFile


def results(tmp_path: Path, tasks: int) -> TaskResults:
    return TaskResults(ResultsFile.create(str(tmp_path / "results"), tasks, 1))


def test_outputs_become_digests_and_errors_become_kinds(tmp_path: Path) -> None:
    kept = results(tmp_path, 4)
    for task in range(3):
        kept.file.latency[task] = 5
    kept.keep(0, 7)
    kept.keep(1, {"b": 1, "a": 2})
    kept.fail(2, ValueError("no"))
    assert [kept.is_pending(task) for task in range(4)] == [False, False, False, True]
    assert kept.finish() == [{"code": RAISED, "message": "ValueError: no"}]
    assert list(kept.file.status) == [STATUS_OK, STATUS_OK, FIRST_ERROR_STATUS, 0]
    assert list(kept.file.digest)[:2] == [7, digest({"a": 2, "b": 1})]


def test_equal_failures_share_a_kind_and_kinds_are_bounded(tmp_path: Path) -> None:
    tasks = MAX_ERROR_KINDS + 20
    kept = results(tmp_path, tasks)
    for task in range(tasks):
        kept.fail_as(task, RAISED, f"message {task}")
    kept.fail_as(0, RAISED, "message 1")
    assert len(kept.finish()) == MAX_ERROR_KINDS
    assert kept.file.status[0] == kept.file.status[1]
    # The first message of the code stands for those beyond the limit.
    assert kept.file.status[tasks - 1] == FIRST_ERROR_STATUS


def test_a_coroutine_that_is_returned_was_never_awaited(tmp_path: Path) -> None:
    async def forgotten() -> None:
        pass

    kept = results(tmp_path, 1)
    kept.keep(0, forgotten())
    (kind,) = kept.finish()
    assert kind["code"] == NOT_AWAITED and "forgotten" in kind["message"]


class CancelledError(BaseException):
    pass


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TaskTimeout(), TIMED_OUT),
        (CodedError("E-POOL-001", "died"), "E-POOL-001"),
        (CancelledError(), CANCELLED),
        (MemoryError(), EXHAUSTED),
        (OSError(24, "Too many open files"), EXHAUSTED),
        (RuntimeError("no running event loop"), LOOP),
        (RuntimeError("coroutine 'f' was never awaited"), NOT_AWAITED),
        (AttributeError("Can't get attribute 'f' on <module '__main__'>"), NOT_PICKLED),
        (TimeoutError(), TIMED_OUT),
        (ConnectionResetError(), NETWORK),
        (FileNotFoundError(2, "no"), FILE),
        (ValueError("x"), RAISED),
    ],
)
def test_an_exception_has_the_code_that_explains_it(error: BaseException, code: str) -> None:
    assert describe(error)[0] == code


def test_a_message_is_one_short_line() -> None:
    assert describe(ValueError("a\n  b"))[1] == "ValueError: a b"
    assert len(describe(ValueError("x" * 1000))[1]) == 300


@pytest.mark.parametrize(
    ("one", "other", "is_equal"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({1, 2, 3}, {3, 2, 1}, True),
        ([1, 2], (1, 2), True),
        ("1", b"1", False),
        ([1, 2], [2, 1], False),
        ("x" * 100_000, "x" * 100_001, False),
    ],
)
def test_equal_outputs_have_equal_digests(one: object, other: object, is_equal: bool) -> None:
    assert (digest(one) == digest(other)) is is_equal
