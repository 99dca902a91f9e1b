"""A `ProcessPoolExecutor` whose workers are counted, numbered and asked what they used.

A worker that dies breaks the whole pool. Which tasks it was at is read off the board; what they are
to be blamed for is up to whoever opens the pool anew.
"""

import multiprocessing
import signal
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor

from . import usage, worker
from .errors import DIED, Failure
from .traffic import Traffic

# A pool is made anew after at most this many deaths; where several tasks are at once in a worker, the
# guilty one is found by a second.
MOST_DEATHS = 5


class Pool:
    """Worker processes for one batch, each with up to `lanes` tasks at once."""

    # What a worker is asked to run.
    run_chunk = staticmethod(worker.run_chunk)

    def __init__(self, job, workers, lanes=1):
        self.job = job
        self.workers = workers
        self.lanes = lanes
        self.deaths = 0
        self.traffic = job.traffic = Traffic(workers)
        self._open()

    def _open(self):
        # The start method is the interpreter's own: what a program gets that does not choose one.
        context = multiprocessing.get_context()
        barrier = context.Barrier(self.workers)
        self.executor = ProcessPoolExecutor(
            self.workers, mp_context=context, initializer=worker.init, initargs=(self.job.order, barrier)
        )
        ready = [self.executor.submit(worker.ready) for _ in range(self.workers)]
        # Told apart from the executor, which forgets its processes when it breaks.
        self.processes = dict(self.executor._processes)
        self.slots = {}
        for future in ready:
            pid, slot, refusal = future.result()
            self.slots[pid] = slot
            if refusal:
                raise Failure(*refusal)
        self.processes.update(self.executor._processes or {})

    def submit(self, function, *arguments):
        """Hands something over; a future of its packed outcome."""
        try:
            future = self.executor.submit(function, *arguments)
        except RuntimeError as error:
            # An executor that broke between two calls refuses in other words.
            raise BrokenExecutor(str(error)) from None
        self.traffic.sent()
        return future

    def heard(self, future, tasks):
        """The outcome of what was handed over and has ended; raises if the pool is broken."""
        outcome = future.result()
        self.traffic.answered(tasks, outcome[-1])
        return outcome

    def reopen(self):
        """Replaces the broken executor; for each worker that died the tasks it was at, and how it ended."""
        self.traffic.lost()
        self.executor.shutdown(wait=True)
        deaths = self._deaths()
        self.deaths += 1
        if self.deaths > MOST_DEATHS * (1 if self.lanes == 1 else 2):
            last = deaths[0][1] if deaths else "without a task"
            raise Failure(DIED, "worker processes died again and again; the last one " + last)
        for slot in range(self.workers * self.lanes):
            self.job.board.slots[2 * slot] = 0
        self._open()
        return deaths

    def _deaths(self):
        """The tasks of each worker that was not ended by the executor itself, and how it ended."""
        ended = []
        for pid, process in self.processes.items():
            tasks = self._tasks_of(self.slots.get(pid))
            process.join()
            if tasks:
                ended.append((tasks, process.exitcode))
        # The executor ends the others by SIGTERM; where nobody ended otherwise, one of them did it.
        guilty = [(tasks, code) for tasks, code in ended if code not in (0, -signal.SIGTERM)]
        return [(tasks, "worker process died: " + _ending(code)) for tasks, code in guilty or ended[:1]]

    def _tasks_of(self, slot):
        if slot is None:
            return []
        lanes = range(slot * self.lanes, (slot + 1) * self.lanes)
        return [task for task in map(self.job.board.occupant, lanes) if task is not None]

    def close(self):
        """Asks every worker what it used, and ends them."""
        try:
            used = [self.executor.submit(worker.finish) for _ in range(self.workers)]
            for future in used:
                cpu, rss = future.result()
                self.job.cpu = usage.plus(self.job.cpu, cpu)
                self.job.peak_rss += rss
        except (BrokenExecutor, RuntimeError):
            # Nobody is left to be asked.
            pass
        finally:
            self.executor.shutdown(wait=True)


def _ending(code):
    if code is None or code >= 0:
        return "exit status %s" % code
    try:
        return "killed by %s" % signal.Signals(-code).name
    except ValueError:
        return "killed by signal %d" % -code
