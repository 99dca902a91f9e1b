"""What the tasks of a program returned, beside a plain loop over the same items."""

from __future__ import annotations

import pathlib
import subprocess
from collections import Counter
from collections.abc import Sequence

from promise_hook import run
from promise_workloads import Workload

LIMIT_S = 60.0
MOST_ATTEMPTS = 3

# Runs the callable of a module over the items, one after another, with the retries of the workload files.
PLAIN_LOOP = """
import asyncio, importlib, inspect, sys
sys.path.insert(0, ".")
module = importlib.import_module({module!r})
task = getattr(module, {function!r})
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
for item in range({tasks}):
    for attempt in range({attempts}):
        try:
            if inspect.iscoroutinefunction(task):
                loop.run_until_complete(asyncio.wait_for(task(item), 0.3))
            else:
                task(item)
            break
        except ConnectionError:
            pass
        except (TimeoutError, asyncio.TimeoutError):
            break
"""


class Outputs:
    """The outputs of a plain loop, run once when they are needed."""

    def __init__(
        self, workload: Workload, tasks: int, python: str, directory: pathlib.Path, env: dict[str, str]
    ) -> None:
        self.workload = workload
        self.tasks = tasks
        self.python = python
        self.directory = directory
        self.env = {**env, "PROMISE_LOG": str(directory / "recorded.log")}
        self._expected: Counter[str] | None = None

    def compare(self, command: Sequence[str]) -> str:
        """Runs a program and tells whether its outputs are equal; a dash where there are none to compare."""
        if not (self.workload.module or self.workload.kind == "command"):
            return "-"
        if self._expected is None:
            self._plain_loop()
            self._expected = self._take()
        run(command, self.directory, LIMIT_S, self.env)
        return "equal" if self._take() == self._expected else "differ"

    def _plain_loop(self) -> None:
        self._take()
        if self.workload.module:
            values = {"module": self.workload.module, "function": self.workload.functions[-1]}
            loop = PLAIN_LOOP.format(tasks=self.tasks, attempts=MOST_ATTEMPTS, **values)
            run([self.python, "-c", loop], self.directory, LIMIT_S, self.env)
            return
        for item in self.workload.items(self.tasks):
            words = [word.replace("{}", item) for word in self.workload.arguments]
            for _ in range(MOST_ATTEMPTS):
                done = subprocess.run(
                    words, cwd=self.directory, env=self.env, capture_output=True, check=False
                )
                if done.returncode == 0:
                    break

    def _take(self) -> Counter[str]:
        """Returns the lines that a run recorded, and removes them."""
        log = pathlib.Path(self.env["PROMISE_LOG"])
        lines = log.read_text().splitlines() if log.exists() else []
        log.write_text("")
        return Counter(lines)
