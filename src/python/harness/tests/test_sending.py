from __future__ import annotations

import threading

from conc_harness import sending


def test_a_large_result_has_a_cost_and_a_larger_one_has_more() -> None:
    small, large = (sending.cpu_s(bytes(megabytes << 20)) for megabytes in (1, 24))
    assert small is not None and large is not None and 0.0 < small < large


def test_a_small_result_and_one_that_cannot_be_sent_have_none() -> None:
    assert sending.cpu_s(b"x" * 100) is None
    assert sending.cpu_s([threading.Lock(), bytes(1 << 20)]) is None
    assert sending.cpu_s(bytes(sending.MOST_BYTES + 1)) is None


class Unreadable:
    def __init__(self) -> None:
        self.data = bytes(1 << 20)

    def __setstate__(self, state: object) -> None:
        raise ValueError("cannot be read")


def test_a_result_that_cannot_be_read_has_none() -> None:
    assert sending.cpu_s(Unreadable()) is None
