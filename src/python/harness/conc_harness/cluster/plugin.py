"""What the client sends to every worker: the harness as an archive, and functions that use it.

It is sent as code, because scheduler and workers do not have it (`by_value` in `client.py`); so it imports
nothing of the harness at the top.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from distributed import WorkerPlugin, get_worker

if TYPE_CHECKING:
    from .worker import ChunkRunner


class HarnessPlugin(WorkerPlugin):  # type: ignore[misc]
    """Makes the harness importable in a worker, also in one that joins later."""

    def __init__(self, name: str, archive: bytes, digest: str, work: dict[str, Any]) -> None:
        self.name = name
        self._archive = archive
        self._digest = digest
        self._work = work

    def setup(self, worker: Any) -> None:
        """Writes the archive into the directory of the worker."""
        path = os.path.join(worker.local_directory, f"conc-{self._digest}.zip")
        if not os.path.exists(path):
            with open(f"{path}.new", "wb") as file:
                file.write(self._archive)
            os.replace(f"{path}.new", path)
        self._path = path
        self._lock = threading.Lock()
        self._runner: ChunkRunner | None = None

    def runner(self) -> ChunkRunner:
        """Returns the runner of chunks in this process."""
        with self._lock:
            if self._runner is None:
                self._runner = self._import().ChunkRunner(self._work)
            return self._runner

    def _import(self) -> Any:
        import importlib

        loaded = sys.modules.get("conc_harness")
        if loaded is not None and not (loaded.__file__ or "").startswith(self._path):
            # Another version of conc was here before.
            for name in [name for name in sys.modules if name.split(".")[0] == "conc_harness"]:
                del sys.modules[name]
            sys.path[:] = [place for place in sys.path if not place.endswith(os.path.basename(self._path))]
        if self._path not in sys.path:
            sys.path.append(self._path)
            importlib.invalidate_caches()
        return importlib.import_module("conc_harness.cluster.worker")


def run_chunk(name: str, chunk: str) -> tuple[str, float, str]:
    """Runs a chunk on this worker; returns its address and seconds with the results.

    Chunk and results are JSON: one text takes less memory on its way than thousands.
    """
    worker = get_worker()
    seconds, answers = worker.plugins[name].runner().run(json.loads(chunk))
    return worker.address, seconds, f"[{', '.join(answers)}]"


def check(name: str, dask_worker: Any) -> tuple[str, str] | None:
    """Imports the callable on this worker; returns the code and the message of a failure."""
    failed: tuple[str, str] | None = dask_worker.plugins[name].runner().check()
    return failed


def stop(name: str, is_now: bool, dask_worker: Any) -> None:
    """Lets no more items begin on this worker."""
    plugin = dask_worker.plugins.get(name)
    if plugin is not None:
        plugin.runner().stop(is_now)
