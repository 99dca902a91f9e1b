"""A `ProcessPoolExecutor` whose workers are counted, numbered and asked what they used.

A worker that dies breaks the whole pool. Which task it was at is read off the board; that task has
failed, and the others go on in a new pool.
"""

import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor

from . import usage, worker
from .errors import DIED, Failure

# A pool is made anew after at most this many deaths.
MOST_DEATHS = 5


class Pool:
    """Worker processes for one batch."""

    def __init__(self, job, workers):
        self.job = job
        self.workers = workers
        self.deaths = 0
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

    def reopen(self):
        """Replaces the broken executor; the tasks that killed workers, each with what became of them."""
        self.executor.shutdown(wait=True)
        killed = self._killed()
        self.deaths += 1
        if self.deaths > MOST_DEATHS:
            raise Failure(DIED, "worker processes died again and again; the last one " + _first(killed))
        for slot in range(self.workers):
            self.job.board.slots[2 * slot] = 0
        self._open()
        return killed

    def _killed(self):
        """The task at which each worker died that was not ended by the executor itself."""
        ended = []
        for pid, process in self.processes.items():
            slot = self.slots.get(pid)
            task = None if slot is None else self.job.board.occupant(slot)
            process.join()
            if task is not None:
                ended.append((task, process.exitcode))
        # The executor ends the others by SIGTERM; where nobody ended otherwise, one of them did it.
        guilty = [(task, code) for task, code in ended if code not in (0, -signal.SIGTERM)]
        return [(task, "worker process died: " + _ending(code)) for task, code in guilty or ended[:1]]

    def close(self):
        """Asks every worker what it used, and ends them."""
        try:
            used = [self.executor.submit(worker.finish) for _ in range(self.workers)]
            for future in used:
                cpu, rss = future.result()
                self.job.cpu = usage.plus(self.job.cpu, cpu)
                self.job.peak_rss += rss
        finally:
            self.executor.shutdown(wait=True)


def _first(killed):
    return killed[0][1] if killed else "without a task"


def _ending(code):
    if code is None or code >= 0:
        return "exit status %s" % code
    try:
        return "killed by %s" % signal.Signals(-code).name
    except ValueError:
        return "killed by signal %d" % -code
