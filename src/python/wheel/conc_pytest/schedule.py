"""Predicts how long a run takes with a number of workers.

Tests go to workers as the scheduler `load` of pytest-xdist sends them. The CPUs are shared evenly by what
computes at the time; waiting costs no CPU.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from conc_pytest.cost import Cost

# Neighbouring tests are added up until so many are left: more would take longer to predict than they gain.
MOST_PARTS = 240

# Steps towards the share of CPU time; the first one is exact for tests that are alike.
NEWTON_STEPS = 3

# Seconds from which xdist lets a worker finish its tests before it sends more.
LONG_TEST_S = 0.1

# The least share of a part that counts as left.
ALMOST_NOTHING = 1e-9


@dataclass(frozen=True)
class StartUp:
    """What workers cost besides their tests.

    Attributes:
        gateway_s: Seconds to start one interpreter; xdist starts them one after another.
        cpu_s: CPU seconds of one worker until it has collected the tests.
        collect_s: CPU seconds of the collection alone, as it is paid without workers too.
        report_s: CPU seconds of the controller for each test.
    """

    gateway_s: float = 0.1
    cpu_s: float = 0.4
    collect_s: float = 0.05
    report_s: float = 0.001


def units(tests: dict[str, Cost], distribution: str) -> list[Cost]:
    """Returns what is sent to workers as one: a test, a file or a scope of tests."""
    if distribution not in ("loadfile", "loadscope"):
        return list(tests.values())
    groups: dict[str, Cost] = {}
    for test, cost in tests.items():
        name = test.partition("::")[0] if distribution == "loadfile" else test.rpartition("::")[0]
        before = groups.get(name, Cost(0.0, 0.0, 0))
        peak_bytes = max(before.peak_bytes, cost.peak_bytes)
        groups[name] = Cost(before.alone_s + cost.alone_s, before.cpu_s + cost.cpu_s, peak_bytes)
    return list(groups.values())


def predict(tests: Sequence[Cost], start: StartUp, workers: int, cpus: float) -> float:
    """Returns the seconds of a run with so many workers; with 0, pytest itself runs the tests."""
    if workers == 0:
        return start.collect_s + sum(test.alone_s for test in tests)
    run_s = _Simulation(_parts(tests, start.report_s), workers, cpus).run()
    return ready_s(start, workers, cpus) + max(run_s, len(tests) * start.report_s)


def ready_s(start: StartUp, workers: int, cpus: float) -> float:
    """Returns the seconds until workers have started and collected the tests."""
    return max(workers * start.gateway_s + start.cpu_s, workers * start.cpu_s / cpus)


@dataclass(frozen=True)
class _Part:
    """Neighbouring tests: seconds that they wait and compute, and CPU seconds with the controller's."""

    wait_s: float
    busy_s: float
    cpu_s: float
    tests: int

    @property
    def test_s(self) -> float:
        """The mean seconds of a test."""
        return (self.wait_s + self.busy_s) / self.tests


def _parts(tests: Sequence[Cost], report_s: float) -> list[_Part]:
    limit_s = sum(test.alone_s for test in tests) / MOST_PARTS
    most = max(1, -(-len(tests) // MOST_PARTS))
    parts: list[_Part] = []
    for test in tests:
        part = _Part(test.wait_s, test.busy_s, test.cpu_s + report_s, 1)
        last = parts[-1] if len(tests) > MOST_PARTS and parts else None
        if last and last.tests < 4 * most and last.wait_s + last.busy_s + test.alone_s <= limit_s:
            parts[-1] = _Part(
                last.wait_s + part.wait_s, last.busy_s + part.busy_s, last.cpu_s + part.cpu_s, last.tests + 1
            )
        else:
            parts.append(part)
    return parts


class _Worker:
    """A worker: the parts that it was sent, and the share of the first one that is left."""

    def __init__(self) -> None:
        self.queue: deque[_Part] = deque()
        self.left = 1.0

    def seconds(self, slowdown: float) -> float:
        """Returns the seconds of its whole first part while computing takes so many times as long."""
        part = self.queue[0]
        return part.wait_s + part.busy_s * slowdown


class _Simulation:
    def __init__(self, parts: Sequence[_Part], workers: int, cpus: float) -> None:
        self.pending = deque(parts)
        self.workers = [_Worker() for _ in range(workers)]
        self.cpus = cpus
        self._send_first()

    def run(self) -> float:
        """Returns the seconds until every part is done."""
        now_s = 0.0
        while active := [worker for worker in self.workers if worker.queue]:
            slowdown = self._slowdown(active)
            spans = [max(worker.seconds(slowdown), ALMOST_NOTHING) for worker in active]
            step_s = min(worker.left * span for worker, span in zip(active, spans))
            now_s += step_s
            for worker, span in zip(active, spans):
                worker.left -= step_s / span
                if worker.left <= ALMOST_NOTHING:
                    part = worker.queue.popleft()
                    worker.left = 1.0
                    self._send_more(worker, part.test_s)
        return now_s

    def _slowdown(self, active: Sequence[_Worker]) -> float:
        """Returns the factor by which computing takes longer where more CPUs are wanted than there are."""
        slowdown = 1.0
        parts = [worker.queue[0] for worker in active]
        for _ in range(NEWTON_STEPS):
            used = slope = 0.0
            for part in parts:
                span = max(part.wait_s + part.busy_s * slowdown, ALMOST_NOTHING)
                used += part.cpu_s / span
                slope += part.cpu_s * part.busy_s / (span * span)
            if used <= self.cpus or slope <= 0.0:
                break
            # Newton's method on the reciprocal of what is used, which is a line for tests that are alike.
            slowdown += used * (used / self.cpus - 1.0) / slope
        return slowdown

    def _send_first(self) -> None:
        count = len(self.workers)
        if len(self.pending) < 2 * count:
            for i in range(len(self.pending)):
                self._send(self.workers[i % count], 1)
            return
        share = max(2, len(self.pending) // count // 4)
        for worker in self.workers:
            self._send(worker, share)

    def _send_more(self, worker: _Worker, test_s: float) -> None:
        share = len(self.pending) // len(self.workers)
        if len(worker.queue) >= max(2, share // 4) or (test_s >= LONG_TEST_S and len(worker.queue) >= 2):
            return
        self._send(worker, max(2, share // 2) - len(worker.queue))

    def _send(self, worker: _Worker, count: int) -> None:
        for _ in range(min(count, len(self.pending))):
            worker.queue.append(self.pending.popleft())
