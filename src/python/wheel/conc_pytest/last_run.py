"""What earlier runs have shown, in pytest's cache: the cost of every test, and the time of every width."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional

from conc_pytest.cost import Cost
from conc_pytest.schedule import StartUp

# The key of the values in pytest's cache.
CACHE_KEY = "conc/last_run"

# The shape of the values; others are not read.
VERSION = 1

# Selections of tests that are remembered, the last ones.
MOST_SELECTIONS = 8

# Runs of a selection that are remembered. What was measured earlier was on another state of the program.
MOST_RUNS = 6

# Change of the number of tests, as a share, from which times of whole runs are no longer comparable.
OTHER_SUITE = 0.1


@dataclass(frozen=True)
class Run:
    """A whole run: its number of workers, and its seconds as predicted and as measured."""

    workers: int
    predicted_s: Optional[float]
    elapsed_s: float


@dataclass(frozen=True)
class History:
    """What is known of one selection of tests."""

    tests: dict[str, Cost]
    start: StartUp
    runs: list[Run] = field(default_factory=list)

    def followed_by(self, tests: dict[str, Cost], start: StartUp, run: Run) -> "History":
        """Returns the history with one more run."""
        is_other = abs(len(tests) - len(self.tests)) > OTHER_SUITE * len(self.tests)
        runs = [] if is_other else self.runs
        return History(tests, start, [*runs, run][-MOST_RUNS:])


class LastRun:
    """The histories of selections, the latest one last."""

    def __init__(self, selections: dict[str, History]) -> None:
        self.selections = selections

    def of(self, selection: str, paths: Iterable[str], is_filtered: bool) -> Optional[History]:
        """Returns what is known of a selection of tests.

        A selection that was never run is a part of a larger one if only `paths` select it.
        """
        known = self.selections.get(selection)
        if known or is_filtered or not self.selections:
            return known
        largest = max(self.selections.values(), key=lambda history: len(history.tests))
        prefixes = tuple(paths)
        tests = {test: cost for test, cost in largest.tests.items() if test.startswith(prefixes)}
        return History(tests, largest.start) if tests else None

    def start(self) -> StartUp:
        """Returns the latest cost of workers."""
        return next((history.start for history in reversed(self.selections.values())), StartUp())

    def remember(self, selection: str, history: History) -> None:
        """Makes `history` the latest one."""
        self.selections.pop(selection, None)
        self.selections[selection] = history
        for oldest in list(self.selections)[:-MOST_SELECTIONS]:
            del self.selections[oldest]

    def to_json(self) -> dict[str, Any]:
        """Returns the value for the cache."""
        selections = {
            name: {
                "tests": {
                    test: [round(cost.alone_s, 6), round(cost.cpu_s, 6), cost.peak_bytes]
                    for test, cost in history.tests.items()
                },
                "start": asdict(history.start),
                "runs": [asdict(run) for run in history.runs],
            }
            for name, history in self.selections.items()
        }
        return {"version": VERSION, "selections": selections}

    @classmethod
    def from_json(cls, value: Any) -> "LastRun":
        """Reads the value of the cache; what is not understood is forgotten."""
        try:
            if value["version"] != VERSION:
                return cls({})
            return cls({name: _history(of) for name, of in value["selections"].items()})
        except (AttributeError, KeyError, TypeError, ValueError):
            return cls({})

    @classmethod
    def read(cls, cache: Optional[Path]) -> "LastRun":
        """Reads the directory of pytest's cache."""
        try:
            text = (cache / "v" / CACHE_KEY).read_text(encoding="utf-8") if cache else "null"
            return cls.from_json(json.loads(text))
        except (OSError, ValueError):
            return cls({})


def _history(of: Any) -> History:
    tests = {
        test: Cost(float(alone_s), float(cpu_s), int(peak_bytes))
        for test, (alone_s, cpu_s, peak_bytes) in of["tests"].items()
    }
    return History(tests, StartUp(**of["start"]), [Run(**run) for run in of["runs"]])
