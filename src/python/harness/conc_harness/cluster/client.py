"""The client of a cluster: takes chunks from conc, sends them to the workers, and passes results on.

Messages of conc are `{"chunk": 7, "width": 1, "awaits": false, "limit_s": null, "items": [[1, "a"], ...]}`,
and `{"stop": "soon"}` or `{"stop": "now"}`; the end of the channel ends the run. Events are `ready`, then
`done`, `lost` and `broken` of chunks, `workers` whenever their number changes, and `gone` if the scheduler is
lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import logging
import os
import secrets
import sys
import threading
import time
import types
import warnings
import zipfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..errors import CodedError, message_of
from ..protocol import StandardChannel
from ..requests import ClusterRequest, JsonObject
from . import versions

MISSING = "E-ENGINE-001"
LOST = "E-ENGINE-002"
UNFIT = "E-ENGINE-003"

# Seconds to find the scheduler.
CONNECT_S = 10.0

# Seconds to tell the workers that a run ends.
STOP_S = 5.0

# Chunks without items that measure what a message costs.
EMPTY_CHUNKS = 24

# Seconds between two looks at the workers.
LOOK_S = 0.5

# Last messages that each connection keeps for people who debug distributed. They are chunks, and it would
# keep a thousand.
KEPT_MESSAGES = 10

# Workers that may die with one chunk before it is given back, on a cluster of conc's own.
ALLOWED_FAILURES = 1


def run(request: ClusterRequest, channel: StandardChannel) -> None:
    """Serves chunks until conc closes the channel."""
    try:
        import dask
        import distributed
    except ImportError as error:
        install = f"{sys.executable} -m pip install distributed"
        raise CodedError(MISSING, f"'{error.name}' is missing in {sys.executable}: {install}") from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    # conc compares versions itself.
    warnings.filterwarnings("ignore", message="Mismatched versions")
    warnings.filterwarnings("ignore", message="Port .* is already in use")
    dask.config.set({"distributed.admin.low-level-log-length": KEPT_MESSAGES})
    asyncio.run(ChunkClient(request, channel, distributed).run())


class ChunkClient:
    """The connection of one run to its cluster."""

    def __init__(self, request: ClusterRequest, channel: StandardChannel, distributed: Any) -> None:
        self._request = request
        self._channel = channel
        self._distributed = distributed
        self._name = f"conc-{secrets.token_hex(8)}"
        self._client: Any = None
        self._plugin: Any = None
        self._inbox: asyncio.Queue[JsonObject | None] = asyncio.Queue()
        # One thread, so that events keep their order, and none that waits for conc holds up the loop.
        self._writer = ThreadPoolExecutor(1)
        self._following: set[asyncio.Task[None]] = set()
        self._is_gone = False
        self._nthreads: dict[str, int] = {}

    async def run(self) -> None:
        """Connects, prepares the workers, and serves."""
        async with self._connected() as client:
            self._client = client
            await self._prepare()
            looking = asyncio.create_task(self._look())
            threading.Thread(target=self._read, args=(asyncio.get_running_loop(),), daemon=True).start()
            while (message := await self._inbox.get()) is not None:
                await self._take(message)
            looking.cancel()
            if self._is_gone:
                # Nothing is left to take leave of, and distributed would look for the scheduler for long.
                os._exit(0)
            for task in self._following:
                task.cancel()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(client.unregister_worker_plugin(self._name), CONNECT_S)

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        client_class = self._distributed.Client
        if self._request.address is None:
            cluster = await self._local_cluster()
            async with cluster, client_class(cluster, asynchronous=True, set_as_default=False) as client:
                yield client
            return
        address = self._request.address
        client = client_class(address, asynchronous=True, timeout=CONNECT_S, set_as_default=False)
        try:
            await client
        except (OSError, asyncio.TimeoutError) as error:
            raise CodedError(LOST, f"there is no scheduler at {address}: {message_of(error)}") from None
        try:
            yield client
        finally:
            await client.close(timeout=1)

    async def _local_cluster(self) -> Any:
        import dask

        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": ALLOWED_FAILURES,
                # Else it leaves a directory for all runs in that for temporary files.
                "temporary-directory": self._request.scratch,
            }
        )
        return self._distributed.LocalCluster(
            n_workers=self._request.workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            worker_dashboard_address=None,
            local_directory=self._request.scratch,
            silence_logs=logging.CRITICAL,
            asynchronous=True,
        )

    async def _prepare(self) -> None:
        """Compares versions, sends the harness, imports the callable, and measures what a message costs."""
        client = self._client
        found = await client.get_versions(check=False)
        different = versions.differences(found)
        versions.refuse_other_python(different)
        self._plugin = by_value()
        archive = archive_of_harness()
        digest = hashlib.sha256(archive).hexdigest()[:16]
        request = self._request
        work = {"serve": absolute(request.serve), "directory": request.directory}
        plugin = self._plugin.HarnessPlugin(self._name, archive, digest, work)
        register = getattr(client, "register_plugin", None) or client.register_worker_plugin
        await register(plugin, name=self._name)
        await self._check_workers()
        self._nthreads = dict(await client.nthreads())
        await self._write(
            "ready",
            scheduler=client.scheduler.address,
            workers=len(self._nthreads),
            threads=sum(self._nthreads.values()),
            version=self._distributed.__version__,
            differences=different,
            message_s=await self._message_s() if self._nthreads else None,
        )

    async def _check_workers(self) -> None:
        checked = await self._client.run(self._plugin.check, self._name)
        for address, failed in checked.items():
            if failed is not None:
                code, message = failed
                raise CodedError(code, f"the worker {address} cannot run this: {message}")

    async def _message_s(self) -> float:
        """Returns the seconds that one more message costs while others are on their way."""
        empty = json.dumps({"items": [], "width": 1, "awaits": False, "limit_s": None})
        best = float("inf")
        for turn in range(2):
            begun = time.perf_counter()
            futures = [
                self._client.submit(
                    self._plugin.run_chunk,
                    self._name,
                    empty,
                    key=f"{self._name}-empty-{turn}-{i}",
                    pure=False,
                )
                for i in range(EMPTY_CHUNKS)
            ]
            await self._client.gather(futures)
            best = min(best, (time.perf_counter() - begun) / EMPTY_CHUNKS)
        return best

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        for message in self._channel.messages():
            loop.call_soon_threadsafe(self._inbox.put_nowait, message)
        loop.call_soon_threadsafe(self._inbox.put_nowait, None)

    async def _take(self, message: JsonObject) -> None:
        if "stop" in message:
            if not self._is_gone:
                with contextlib.suppress(Exception):
                    told = self._client.run(self._plugin.stop, self._name, message["stop"] == "now")
                    await asyncio.wait_for(told, STOP_S)
            return
        chunk = message.pop("chunk")
        # One text, because a scheduler remembers what it has sent.
        text = json.dumps(message)
        future = self._client.submit(
            self._plugin.run_chunk, self._name, text, key=f"{self._name}-{chunk}", pure=False
        )
        task = asyncio.create_task(self._follow(chunk, future))
        self._following.add(task)
        task.add_done_callback(self._following.discard)

    async def _follow(self, chunk: int, future: Any) -> None:
        """Passes the end of a chunk on."""
        try:
            worker, seconds, answers = await future
        except asyncio.CancelledError:
            # Either the run ends, or distributed says so of futures whose scheduler it lost.
            if future.status == "cancelled":
                await self._lose_scheduler()
            return
        except self._distributed.scheduler.KilledWorker as error:
            last = getattr(error.last_worker, "address", "unknown")
            await self._write(
                "lost", chunk=chunk, message=f"workers died while they had it, the last at {last}"
            )
            return
        except BaseException as error:
            if future.status in ("cancelled", "lost"):
                await self._lose_scheduler()
            else:
                await self._write("broken", chunk=chunk, message=message_of(error))
            return
        finally:
            future.release()
        head = json.dumps({"event": "done", "chunk": chunk, "worker": worker, "seconds": seconds})
        await self._write_line(f'{head[:-1]}, "results": {answers}}}')

    async def _lose_scheduler(self) -> None:
        if not self._is_gone:
            self._is_gone = True
            address = self._request.address or "the local cluster"
            await self._write("gone", code=LOST, message=f"the scheduler is gone: {address}")

    async def _look(self) -> None:
        """Says when workers have come or gone."""
        while not self._is_gone:
            await asyncio.sleep(LOOK_S)
            try:
                found = dict(await self._client.nthreads())
            except Exception:
                await self._lose_scheduler()
                return
            if found != self._nthreads:
                self._nthreads = found
                await self._write("workers", workers=len(found), threads=sum(found.values()))

    async def _write(self, event: str, **message: Any) -> None:
        await self._write_line(json.dumps({**message, "event": event}))

    async def _write_line(self, line: str) -> None:
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._writer, self._channel.send_line, line)


def absolute(serve: JsonObject | None) -> JsonObject | None:
    """Returns the request with whole paths: workers have another working directory."""
    if serve is None:
        return None
    steps = [
        {**step, "file": step["file"] and os.path.abspath(step["file"])} for step in serve["header"]["steps"]
    ]
    return {**serve, "header": {**serve["header"], "steps": steps}}


def by_value() -> Any:
    """Loads the plugin as a module that nobody can import, so that it is sent as code and not as a name.

    distributed asks cloudpickle only where pickle fails, and pickle names what it finds in a module.
    """
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "plugin.py")
    module = types.ModuleType("__main__")
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), vars(module))
    return module


def archive_of_harness() -> bytes:
    """Returns the modules of the harness as a ZIP archive, the same bytes each time."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    root = os.path.dirname(package)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for directory, _, names in sorted(os.walk(package)):
            for name in sorted(names):
                if not name.endswith(".py"):
                    continue
                path = os.path.join(directory, name)
                entry = zipfile.ZipInfo(os.path.relpath(path, root))
                with open(path, "rb") as file:
                    archive.writestr(entry, file.read(), zipfile.ZIP_DEFLATED)
    return written.getvalue()
