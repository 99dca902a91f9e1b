"""Collects the costs of a run and keeps them for the next one."""

import time
from collections.abc import Sequence
from typing import Optional

import pytest

from conc_pytest.cost import Cost
from conc_pytest.last_run import CACHE_KEY, History, LastRun, Run
from conc_pytest.recorder import START, cost_of
from conc_pytest.schedule import StartUp
from conc_pytest.width import Choice


class Controller:
    """The plugin of the process that shows the results."""

    def __init__(self, choice: Choice, last_run: LastRun, selection: str) -> None:
        self._choice = choice
        self._last_run = last_run
        self._selection = selection
        self._costs: dict[str, Cost] = {}
        self._order: Sequence[str] = []
        self._starts: list[list[float]] = []
        self._gateways_s: list[float] = []
        self._began_s = time.perf_counter()
        self._collected_cpu_s = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        """Begins to measure the run."""
        self._began_s = time.perf_counter()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_newgateway(self) -> None:
        """Notes the start of an interpreter."""
        self._gateways_s.append(time.perf_counter() - self._began_s)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Notes the order of the tests."""
        self._order = ids
        self._collected_cpu_s = time.process_time()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Notes the order of the tests if there are no workers."""
        if not self._choice.workers:
            self._order = [item.nodeid for item in session.items]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes the cost of a test."""
        cost = cost_of(report)
        if cost is not None:
            self._costs[report.nodeid] = cost
        start = getattr(report, START, None)
        if start:
            self._starts.append(start)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Keeps the costs, unless the run was cut short."""
        elapsed_s = time.perf_counter() - self._began_s
        tests = {test: self._costs[test] for test in self._order if test in self._costs}
        is_cut_short = exitstatus not in (0, 1) or session.shouldstop or session.shouldfail
        cache = getattr(session.config, "cache", None)
        if cache is None or is_cut_short or not tests or len(tests) != len(self._order):
            return
        choice = self._choice
        expected_s = (choice.expected_s or {}).get(choice.workers)
        before = choice.history or History({}, self._last_run.start())
        run = Run(choice.workers, expected_s, elapsed_s)
        self._last_run.remember(self._selection, before.followed_by(tests, self._start_up(before.start), run))
        cache.set(CACHE_KEY, self._last_run.to_json())

    def _start_up(self, before: StartUp) -> StartUp:
        """Returns what workers cost in this run; what it did not show is as before."""
        cpu_s, collect_s = _mean(self._starts, 0), _mean(self._starts, 1)
        if not self._choice.workers or cpu_s is None or collect_s is None:
            shown = before.collect_s if collect_s is None else collect_s
            return StartUp(before.gateway_s, before.cpu_s, shown, before.report_s)
        gateways = len(self._gateways_s)
        gateway_s = self._gateways_s[-1] / gateways if gateways else before.gateway_s
        report_s = (time.process_time() - self._collected_cpu_s) / max(1, len(self._order))
        return StartUp(gateway_s, cpu_s, collect_s, report_s)


def _mean(rows: list[list[float]], column: int) -> Optional[float]:
    return sum(row[column] for row in rows) / len(rows) if rows else None
