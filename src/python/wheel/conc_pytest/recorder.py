"""Measures tests in the process that runs them, and hands the costs over in their reports."""

import time
from collections.abc import Generator
from typing import Any, Optional

import pytest

from conc_pytest.cost import Cost, Meter

# The attributes of a report; pytest-xdist sends them to the controller like all others.
COST = "conc_cost"
START = "conc_start"


class Recorder:
    """The plugin of a process that runs tests."""

    def __init__(self) -> None:
        self._meter = Meter()
        self._is_measuring = False
        self._before_collection_s = time.process_time()
        self._start: Optional[list[float]] = None

    def pytest_collection_finish(self) -> None:
        """Notes the CPU time until the tests are collected, and that of the collection alone."""
        now_s = time.process_time()
        self._start = [now_s, now_s - self._before_collection_s]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        """Begins to measure a test."""
        self._meter.start()
        self._is_measuring = True

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, call: "pytest.CallInfo[None]") -> Generator[None, Any, None]:
        """Adds the cost of a test to its last report."""
        outcome = yield
        if call.when != "teardown" or not self._is_measuring:
            return
        cost = self._meter.read()
        report = outcome.get_result()
        setattr(report, COST, [cost.alone_s, cost.cpu_s, cost.peak_bytes])
        if self._start is not None:
            setattr(report, START, self._start)
            self._start = None


def cost_of(report: Any) -> Optional[Cost]:
    """Returns the cost in a report, if there is one."""
    value = getattr(report, COST, None)
    return Cost(*value) if value else None
