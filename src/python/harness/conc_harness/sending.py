"""What it costs to send a large result to another process."""

from __future__ import annotations

from multiprocessing.connection import Connection, Pipe
from multiprocessing.reduction import ForkingPickler
from typing import Any

from .primitives import OwnThread, process_time

# Smaller results cost hardly more than the message itself, and larger ones are not sent for a measurement.
LEAST_BYTES = 32 << 10
MOST_BYTES = 64 << 20

# Number of sendings, of which the cheapest counts, and the CPU time after which none starts.
ROUNDS = 6
MAX_CPU_S = 0.05


class _Sender(OwnThread):
    """Pickles a value and sends it, as a worker process does."""

    def __init__(self, value: Any, end: Connection) -> None:
        super().__init__()
        self.value = value
        self.end = end

    def run(self) -> None:
        """Sends the value; the other end sees the end of the pipe if that fails."""
        try:
            self.end.send_bytes(ForkingPickler.dumps(self.value))
        except Exception:
            self.end.close()


def cpu_s(value: Any) -> float | None:
    """Returns the CPU seconds of both processes; None for a small result, and for one that cannot be sent."""
    try:
        size = len(ForkingPickler.dumps(value))
        if not LEAST_BYTES <= size <= MOST_BYTES:
            return None
        return _measured(value)
    except Exception:
        return None


def _measured(value: Any) -> float:
    costs: list[float] = []
    while len(costs) < ROUNDS and sum(costs) < MAX_CPU_S:
        source, sink = Pipe(duplex=False)
        with source, sink:
            sender = _Sender(value, sink)
            before = process_time()
            sender.start()
            ForkingPickler.loads(source.recv_bytes())
            sender.join()
            costs.append(process_time() - before)
    return min(costs)
