"""An API client: requests over a pool of kept connections, tried again when they fail.

A connection costs a round trip and a descriptor, so it is kept for the next request; a pool bounds
how many there are. One answer in fifty is an error, and retries with backoff and jitter hide it.

    python3 api_client.py
    conc advise api_client.py:fetch
"""

from __future__ import annotations

import asyncio
import atexit
import http.client
import queue
import time
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from weakref import WeakKeyDictionary

from support import http1, retry, server

ORDERS = 150

POOL = 32
"""Connections at the most."""

TIMEOUT_S = 3


def items() -> Iterable[int]:
    """The orders to ask for; every process asks one server."""
    server.address()
    return range(ORDERS)


def fetch(order: int) -> int:
    """Asks for one order; the checksum of the answer."""
    return zlib.crc32(_client.get(f"/v1/orders/{order}"))


async def fetch_async(order: int) -> int:
    """Asks for one order without holding up the event loop; the checksum of the answer."""
    clients = _async_clients.setdefault(asyncio.get_running_loop(), _clients())
    client = await clients.__anext__()
    return zlib.crc32(await client.get(f"/v1/orders/{order}"))


class Client:
    """A client for threads."""

    def __init__(self, size: int = POOL) -> None:
        # Last in, first out: the connection used last is the least likely to have been closed.
        self._idle: queue.LifoQueue[http.client.HTTPConnection | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    def get(self, path: str) -> bytes:
        """The body of the answer, after as many tries as it takes."""
        return retry.call(lambda attempt: self._get(path, attempt))

    def _get(self, path: str, attempt: int) -> bytes:
        with self._connection() as connection:
            connection.request("GET", path, headers={server.ATTEMPT: str(attempt)})
            answer = connection.getresponse()
            status, body = answer.status, answer.read()
        return retry.checked(status, body)

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        """Takes a connection, and puts it back unless it broke."""
        connection = self._idle.get()
        kept = None
        try:
            if connection is None:
                connection = http.client.HTTPConnection(*server.address(), timeout=TIMEOUT_S)
            yield connection
            kept = connection
        finally:
            if kept is None and connection is not None:
                connection.close()
            self._idle.put(kept)

    def close(self) -> None:
        """Closes the connections that are not in use."""
        for _ in range(self._idle.qsize()):
            connection = self._idle.get()
            if connection is not None:
                connection.close()


class AsyncClient:
    """A client for the coroutines of one event loop."""

    def __init__(self, size: int = POOL) -> None:
        self._free = asyncio.Semaphore(size)
        self._idle: list[http1.Connection] = []

    async def get(self, path: str) -> bytes:
        """The body of the answer, after as many tries as it takes."""
        return await retry.call_async(
            lambda attempt: asyncio.wait_for(self._get(path, attempt), TIMEOUT_S)
        )

    async def _get(self, path: str, attempt: int) -> bytes:
        async with self._connection() as connection:
            status, body = await connection.get(path, {server.ATTEMPT: attempt})
        return retry.checked(status, body)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[http1.Connection]:
        """Takes a connection, and puts it back unless it broke."""
        async with self._free:
            if self._idle:
                connection = self._idle.pop()
            else:
                connection = await http1.Connection.open(*server.address())
            try:
                yield connection
            except BaseException:
                await connection.close()
                raise
            self._idle.append(connection)

    async def close(self) -> None:
        """Closes the connections that are not in use."""
        while self._idle:
            await self._idle.pop().close()


_client = Client()
atexit.register(_client.close)

_async_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncIterator[AsyncClient]]
_async_clients = WeakKeyDictionary()


async def _clients() -> AsyncIterator[AsyncClient]:
    """The client of the running loop, closed with it: a loop ends its generators before itself."""
    client = AsyncClient()
    try:
        while True:
            yield client
    finally:
        await client.close()


async def fetch_all(orders: Iterable[int]) -> list[int]:
    """The checksums of all orders; the pool bounds how many requests are in flight."""
    return await asyncio.gather(*map(fetch_async, orders))


def main() -> None:
    """Asks for all orders and says how long it took."""
    orders = items()
    start = time.perf_counter()
    checksums = asyncio.run(fetch_all(orders))
    seconds = time.perf_counter() - start
    print(f"{len(checksums)} orders over {POOL} connections in {seconds:.2f} s")


if __name__ == "__main__":
    main()
