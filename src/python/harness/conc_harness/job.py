"""One batch or profile, as the strategies see it."""

from __future__ import annotations

from collections.abc import Callable

from . import resource_usage
from .ipc_stats import IpcStats
from .primitives import perf_counter_ns
from .program import Program
from .requests import BatchRequest, JobRequest, JsonObject
from .resource_usage import CpuTime
from .results import TaskResults
from .results_file import ResultsFile

# An item is cut to this length in messages.
MAX_ITEM_CHARACTERS = 60


def _do_nothing() -> None:
    pass


class Job:
    """The tasks to run, the width, and the results."""

    def __init__(self, request: JobRequest) -> None:
        batch = request if isinstance(request, BatchRequest) else None
        self.request = request
        self.strategy = batch.strategy if batch else "sequential"
        self.width = batch.width if batch else 1
        self.processes = batch.processes if batch else 1
        self.pipeline = batch.pipeline if batch else None
        # Seconds that one task takes alone; None if unknown.
        self.task_s = batch.task_s if batch else None
        self.count = request.results_file.tasks
        self.time_limit_s = request.stop_starting_after_s
        self.program = Program(request)
        self.items = self.program.items()
        file = request.results_file
        self.file = ResultsFile.create(file.path, file.tasks, file.slots)
        self.results = TaskResults(self.file)
        self.startup_s = 0.0
        self.wall_s = 0.0
        self.cpu = CpuTime(0.0, 0.0)
        self.peak_rss_bytes = 0
        # Set by pools of processes, while these still run.
        self.peak_pss_bytes: int | None = None
        # Set by pools of workers.
        self.ipc: IpcStats | None = None
        # A thread still runs a task at the end of the batch.
        self.has_stuck_thread = False
        # Called once the strategy is ready for the first task.
        self.on_ready: Callable[[], None] = _do_nothing
        # Called once the processes of the strategy are forked, if it has any.
        self.on_forked: Callable[[], object] = _do_nothing
        self._cpu_before = self.cpu
        self.begun_ns = 0

    def started(self, requested_ns: int) -> int:
        """Starts the clocks: the strategy that was requested at `requested_ns` is ready."""
        self.on_ready()
        self._cpu_before = resource_usage.cpu()
        self.begun_ns = perf_counter_ns()
        self.file.release(self.begun_ns)
        self.startup_s = (self.begun_ns - requested_ns) * 1e-9
        return self.begun_ns

    def ended(self) -> None:
        """Stops the clocks: the last task has ended."""
        self.wall_s = (perf_counter_ns() - self.begun_ns) * 1e-9
        self.cpu = self.cpu.plus(resource_usage.cpu().since(self._cpu_before))

    def exclude(self, wall_ns: int, cpu: CpuTime) -> None:
        """Leaves some time since the start out of the account, and the CPU time that was used in it."""
        self.begun_ns += wall_ns
        self._cpu_before = self._cpu_before.plus(cpu)

    def name_of(self, task: int) -> str:
        """Returns a task by its number, from 1, and its item."""
        item = str(self.items[task])
        shown = item if len(item) <= MAX_ITEM_CHARACTERS else item[:MAX_ITEM_CHARACTERS] + "..."
        return f"task {self.request.tasks.numbers[task] + 1} (item {shown})"

    def report(self) -> JsonObject:
        """Returns the cost of the batch and the kinds of errors; the rest is in the results file."""
        return {
            "errors": self.results.finish(),
            "startup_s": self.startup_s,
            "wall_s": self.wall_s,
            "cpu_user_s": self.cpu.user_s,
            "cpu_system_s": self.cpu.system_s,
            "peak_rss_bytes": self.peak_rss_bytes + resource_usage.peak_rss(),
            "peak_pss_bytes": self.peak_pss_bytes or resource_usage.proportional_peak(),
            "ipc": self.ipc.report() if self.ipc else None,
        }
