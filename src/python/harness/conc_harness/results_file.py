"""The results of every task, in a file that all processes of a batch map into memory.

`src/python/LAYOUT.md` defines the layout; `src/python/results_file.rs` reads it.
"""

from __future__ import annotations

import errno
import mmap
import os
import struct

# "CONCRES" and a zero byte, read as a little-endian number.
MAGIC = 0x0053_4552_434E_4F43

# Increment with every change of the layout, here and in `results_file.rs`.
VERSION = 2

# Magic, version, number of tasks, number of slots, release of the tasks: a u64 each, in the byte order of the
# machine.
HEADER = struct.Struct("=5Q")

# Offset of the release in the header.
RELEASE_OFFSET = 32

# Numbers of a slot: the task that runs, its start, and the moment since when its worker could run a task.
SLOT_WORDS = 3

STATUS_PENDING = 0
STATUS_OK = 1
# A status from here on refers to the list of error kinds in the report.
FIRST_ERROR_STATUS = 2


class LayoutError(Exception):
    """A results file that does not have the expected header or size."""


class ResultsFile:
    """A mapped results file; make one with `create` or `open`.

    Code that runs tasks does so in a `with` block. If a task forks and returns in the child, the child
    would go on with the remaining tasks, and each of them would double the number of processes. Leaving
    the block ends such a child.
    """

    def __init__(self, path: str, descriptor: int, tasks: int, slots: int) -> None:
        view = memoryview(mmap.mmap(descriptor, file_size(tasks, slots)))
        ends = HEADER.size + 8 * tasks
        digests = ends + 8 * tasks
        slot_words = digests + 8 * tasks
        statuses = slot_words + 8 * SLOT_WORDS * slots
        self.path = path
        self.tasks = tasks
        self._released: memoryview[int] = view[RELEASE_OFFSET : HEADER.size].cast("Q")
        self.latency: memoryview[int] = view[HEADER.size : ends].cast("Q")
        self.ended: memoryview[int] = view[ends:digests].cast("Q")
        self.digest: memoryview[int] = view[digests:slot_words].cast("Q")
        self.slots: memoryview[int] = view[slot_words:statuses].cast("Q")
        self.status: memoryview[int] = view[statuses:]
        self._is_forked = False
        os.register_at_fork(after_in_child=self._release)

    @classmethod
    def create(cls, path: str, tasks: int, slots: int) -> ResultsFile:
        """Makes the file, in which all tasks are pending."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.ftruncate(descriptor, file_size(tasks, slots))
            reserve(descriptor, file_size(tasks, slots))
            os.pwrite(descriptor, HEADER.pack(MAGIC, VERSION, tasks, slots, 0), 0)
            return cls(path, descriptor, tasks, slots)
        finally:
            os.close(descriptor)

    @classmethod
    def open(cls, path: str, tasks: int, slots: int) -> ResultsFile:
        """Opens a file that another process made; raises LayoutError if it differs from what is expected."""
        descriptor = os.open(path, os.O_RDWR)
        try:
            _check_header(path, os.pread(descriptor, HEADER.size, 0), tasks, slots)
            size, expected = os.fstat(descriptor).st_size, file_size(tasks, slots)
            if size != expected:
                raise LayoutError(f"results file '{path}' has {size} bytes, expected {expected}")
            return cls(path, descriptor, tasks, slots)
        finally:
            os.close(descriptor)

    def _release(self) -> None:
        """Makes every further write fail."""
        self._is_forked = True
        for view in (self._released, self.latency, self.ended, self.digest, self.slots, self.status):
            view.release()

    def __enter__(self) -> ResultsFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_forked:
            os._exit(0)

    def current_task(self, slot: int) -> int | None:
        """Returns the task that a worker is running, or None."""
        running = self.slots[SLOT_WORDS * slot]
        return running - 1 if running else None

    def release(self, now_ns: int) -> None:
        """Records that all workers are ready, so that each of them could run a task from now on."""
        self._released[0] = now_ns

    def released_ns(self) -> int:
        """Returns the moment from which every worker could run a task."""
        return self._released[0]

    def free_since(self, slot: int) -> int:
        """Returns the moment since when a worker could run a task: the end of its last, or the release."""
        return self.slots[SLOT_WORDS * slot + 2] or self.released_ns()


def reserve(descriptor: int, size: int) -> None:
    """Reserves the space of a file: writing to a page of a map that finds none is fatal (SIGBUS)."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        # Some file systems cannot tell.
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise


def file_size(tasks: int, slots: int) -> int:
    """Returns the size in bytes of a file for so many tasks and slots."""
    return HEADER.size + 25 * tasks + 8 * SLOT_WORDS * slots


def _check_header(path: str, header: bytes, tasks: int, slots: int) -> None:
    if len(header) < HEADER.size:
        raise LayoutError(f"results file '{path}' has no header")
    found = HEADER.unpack(header)
    if found[0] != MAGIC:
        raise LayoutError(f"'{path}' is not a results file")
    if found[1] != VERSION:
        raise LayoutError(f"results file '{path}' has layout version {found[1]}, expected {VERSION}")
    if found[2:4] != (tasks, slots):
        raise LayoutError(
            f"results file '{path}' is for {found[2]} tasks and {found[3]} slots, "
            f"expected {tasks} tasks and {slots} slots"
        )
