"""One batch, as the strategies see it."""

from time import perf_counter_ns

from . import usage
from .board import Board
from .program import Program
from .results import Results

# Characters shown of an item.
MOST_CHARACTERS = 60


class Job:
    """What is run, how wide, and where the results go."""

    def __init__(self, order):
        self.order = order
        self.count = order["tasks"]
        self.width = order.get("width", 1)
        self.processes = order.get("processes") or 1
        self.time_limit = order["time_limit_s"]
        self.task_s = order.get("task_s") or 0.0
        self.program = Program(order)
        self.items = self.program.items()
        self.board = Board(order["board"], self.count, order["slots"], create=True)
        self.results = Results(self.board)
        self.startup_s = 0.0
        self.wall_s = 0.0
        self.cpu = [0.0, 0.0]
        self.peak_rss = 0
        # Of pools of workers to whom tasks are sent.
        self.traffic = None
        # Called once the strategy is ready for the first task.
        self.on_ready = lambda: None

    def started(self, asked_ns):
        """The strategy that was asked for at `asked_ns` is ready; the clocks of the run begin."""
        self.on_ready()
        self._cpu_before = usage.cpu()
        self._begun = perf_counter_ns()
        self.startup_s = (self._begun - asked_ns) * 1e-9
        return self._begun

    def ended(self):
        """The last task has ended."""
        self.wall_s = (perf_counter_ns() - self._begun) * 1e-9
        self.cpu = usage.plus(self.cpu, usage.less(usage.cpu(), self._cpu_before))

    def name_of(self, i):
        """A task by its number, from 1, and its item."""
        item = str(self.items[i])
        shown = item if len(item) <= MOST_CHARACTERS else item[:MOST_CHARACTERS] + "..."
        return "task %d (item %s)" % (self.order["numbers"][i] + 1, shown)

    def report(self):
        """What the batch took and gave, beside the board."""
        kinds = self.results.finish()
        return {
            "startup_s": self.startup_s,
            "wall_s": self.wall_s,
            "cpu_user_s": self.cpu[0],
            "cpu_system_s": self.cpu[1],
            "peak_rss_bytes": self.peak_rss + usage.peak_rss(),
            "errors": kinds,
            "traffic": self.traffic.report() if self.traffic else None,
        }
