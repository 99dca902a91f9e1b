"""Chooses the number of workers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Optional

from conc_pytest.cost import Cost
from conc_pytest.last_run import History, Run
from conc_pytest.schedule import predict, ready_s, units

# Numbers of workers that are predicted. One worker is never better than none, and neighbours differ little.
CANDIDATES = [0, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 40, 48, 64, 96, 128]

# Share of the free memory that workers may use: tests may need more than they did, and so may other programs.
MEMORY_SHARE = 0.8

# Share by which more workers must be faster to be worth their memory and their start.
WORTHWHILE = 0.02

# Share by which another width must be faster than that of the last run: below it, widths would alternate.
STICKY = 0.05

# Times the best time so far from which still more workers are not predicted any more.
HOPELESS = 1.3


@dataclass(frozen=True)
class Machine:
    """The CPUs that may be used, and the bytes of free memory; None where they are not known."""

    cpus: float
    memory_bytes: Optional[int]


@dataclass(frozen=True)
class Choice:
    """A number of workers, and the facts behind it.

    Attributes:
        workers: The number; with 0, pytest itself runs the tests.
        expected_s: Seconds that are expected of each number that was considered; empty for a first run.
        history: What the choice is based on; None for a first run.
        machine: The machine.
        memory_limit: Most workers that fit into memory; None if memory does not limit the choice.
    """

    workers: int
    machine: Machine
    history: Optional[History] = None
    expected_s: Optional[dict[int, float]] = None
    memory_limit: Optional[int] = None


def choose(
    history: Optional[History], machine: Machine, at_most: Optional[int] = None, distribution: str = "load"
) -> Choice:
    """Chooses the number of workers, of `at_most` so many, for what is known of the tests.

    Without an earlier run it is one worker for each CPU: tests that wait are not known to, and every worker
    needs memory that is not known either.
    """
    if history is None or not history.tests:
        workers = max(1, math.floor(machine.cpus))
        return Choice(min(workers, at_most or workers), machine)
    tests = units(history.tests, distribution)
    fitting = _fitting(tests, machine)
    limit = min(len(tests), fitting, at_most or fitting, CANDIDATES[-1])
    expected_s = _expected(tests, history, machine.cpus, limit)
    workers = best(expected_s, history.runs)
    is_limited = workers == limit == fitting < len(tests)
    return Choice(workers, machine, history, expected_s, fitting if is_limited else None)


def _fitting(tests: Sequence[Cost], machine: Machine) -> int:
    """Returns the most workers that fit into memory, even if they run the largest tests at the same time."""
    peaks = sorted((cost.peak_bytes for cost in tests), reverse=True)
    room = math.inf if machine.memory_bytes is None else MEMORY_SHARE * machine.memory_bytes
    total = 0
    for workers, peak in enumerate(peaks):
        total += peak
        if total > room:
            return max(1, workers)
    return len(peaks)


def _expected(tests: Sequence[Cost], history: History, cpus: float, limit: int) -> dict[int, float]:
    """Returns the seconds expected of each width up to `limit`."""
    start = history.start
    predicted_s: dict[int, float] = {}
    for width in sorted({*CANDIDATES, math.floor(cpus), limit} - {1}):
        # Starting more workers than there are CPUs takes longer the more they are.
        hopeless_s = HOPELESS * min(predicted_s.values(), default=math.inf)
        if width > limit or (width > cpus and ready_s(start, width, cpus) > hopeless_s):
            break
        predicted_s[width] = predict(tests, start, width, cpus)
        if width > cpus and predicted_s[width] > hopeless_s:
            break
    measured_s = {run.workers: run.elapsed_s for run in history.runs if run.workers in predicted_s}
    ratios = {width: seconds / predicted_s[width] for width, seconds in measured_s.items()}
    return {width: seconds * _correction(width, ratios) for width, seconds in predicted_s.items()}


def _correction(width: int, ratios: dict[int, float]) -> float:
    """Returns the factor by which a width is expected to be slower than predicted.

    Of widths that were run it is what was measured, over the prediction; between them it is interpolated on
    logarithmic scales, and beyond them it is that of the nearest one.
    """
    if not ratios:
        return 1.0
    narrower = max((known for known in ratios if known <= width), default=min(ratios))
    wider = min((known for known in ratios if known >= width), default=max(ratios))
    if narrower >= wider:
        return ratios[narrower]
    share = math.log((width + 1) / (narrower + 1)) / math.log((wider + 1) / (narrower + 1))
    return math.exp((1.0 - share) * math.log(ratios[narrower]) + share * math.log(ratios[wider]))


def best(expected_s: dict[int, float], runs: list[Run]) -> int:
    """Returns the width of the last run if it is about as good as any, or the narrowest one that is."""
    best_s = min(expected_s.values())
    last = runs[-1].workers if runs else None
    if last is not None and last in expected_s and expected_s[last] <= best_s * (1.0 + STICKY):
        return last
    return min(width for width, seconds in expected_s.items() if seconds <= best_s * (1.0 + WORTHWHILE))
