"""What is known of every task, in a file that all processes of a batch map into memory.

In order: the latency of each task in nanoseconds (0 while it has not ended), the digest of its
output, two numbers for each worker (the task it is at, from 1, and when it began), and one byte for
each task that says how it ended.
"""

import mmap
import os

PENDING = 0
OK = 1
FIRST_ERROR = 2


class Board:
    """A mapped board of `tasks` tasks and `slots` workers; `create` makes the file.

    Whoever runs tasks does so inside of it, as in a `with`: a process that a task has forked, and that
    comes back from the task, ends there. It would go on with the other tasks otherwise, and every one of
    them would double the processes.
    """

    def __init__(self, path, tasks, slots, create=False):
        size = 17 * tasks + 16 * slots
        flags = os.O_RDWR | (os.O_CREAT if create else 0)
        descriptor = os.open(path, flags, 0o600)
        try:
            if create:
                os.ftruncate(descriptor, size)
            view = memoryview(mmap.mmap(descriptor, size))
        finally:
            os.close(descriptor)
        self.path = path
        self.tasks = tasks
        self.latency = view[: 8 * tasks].cast("Q")
        self.digest = view[8 * tasks : 16 * tasks].cast("Q")
        self.slots = view[16 * tasks : 16 * tasks + 16 * slots].cast("Q")
        self.status = view[16 * tasks + 16 * slots :]
        self._is_forked = False
        os.register_at_fork(after_in_child=self._release)

    def _release(self):
        """Lets nothing more be written."""
        self._is_forked = True
        for view in (self.latency, self.digest, self.slots, self.status):
            view.release()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._is_forked:
            os._exit(0)

    def occupant(self, slot):
        """The task that a worker is at, or None."""
        return self.slots[2 * slot] - 1 if self.slots[2 * slot] else None
