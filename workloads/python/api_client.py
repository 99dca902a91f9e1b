"""An API client: requests over a pool of keep-alive connections, with retries.

A connection costs a round trip and a descriptor, so it is kept for the next request; a pool bounds
their number. One answer in fifty is an error, which retries with backoff and jitter hide.

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
"""Maximum number of connections."""

TIMEOUT_S = 3


def items() -> Iterable[int]:
    """Returns the orders to request; every process asks the same server."""
    server.address()
    return range(ORDERS)


def fetch(order: int) -> int:
    """Requests one order and returns the checksum of the answer."""
    return zlib.crc32(_client.get(f"/v1/orders/{order}"))


async def fetch_async(order: int) -> int:
    """Requests one order without blocking the event loop; returns the checksum of the answer."""
    clients = _async_clients.setdefault(asyncio.get_running_loop(), _clients())
    client = await clients.__anext__()
    return zlib.crc32(await client.get(f"/v1/orders/{order}"))


class Client:
    """A client for threads."""

    def __init__(self, size: int = POOL) -> None:
        # Last in, first out: the server is least likely to have closed the connection used last.
        self._idle: queue.LifoQueue[http.client.HTTPConnection | None] = queue.LifoQueue()
        for _ in range(size):
            self._idle.put(None)

    def get(self, path: str) -> bytes:
        """Returns the body of the answer, after retries if necessary."""
        return retry.call(lambda attempt: self._get(path, attempt))

    def _get(self, path: str, attempt: int) -> bytes:
        with self._connection() as connection:
            connection.request("GET", path, headers={server.ATTEMPT: str(attempt)})
            answer = connection.getresponse()
            status, body = answer.status, answer.read()
        return retry.checked(status, body)

    @contextmanager
    def _connection(self) -> Iterator[http.client.HTTPConnection]:
        """Takes a connection and puts it back unless it broke."""
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
        """Returns the body of the answer, after retries if necessary."""
        return await retry.call_async(lambda attempt: asyncio.wait_for(self._get(path, attempt), TIMEOUT_S))

    async def _get(self, path: str, attempt: int) -> bytes:
        async with self._connection() as connection:
            status, body = await connection.get(path, {server.ATTEMPT: attempt})
        return retry.checked(status, body)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[http1.Connection]:
        """Takes a connection and puts it back unless it broke."""
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
    """Yields the client of the running loop, which closes it, as all its generators, at its end."""
    client = AsyncClient()
    try:
        while True:
            yield client
    finally:
        await client.close()


async def fetch_all(orders: Iterable[int]) -> list[int]:
    """Returns the checksums of all orders; the pool bounds the number of requests in flight."""
    return await asyncio.gather(*map(fetch_async, orders))


def main() -> None:
    """Requests all orders and prints the time it took."""
    orders = items()
    start = time.perf_counter()
    checksums = asyncio.run(fetch_all(orders))
    seconds = time.perf_counter() - start
    print(f"{len(checksums)} orders over {POOL} connections in {seconds:.2f} s")


if __name__ == "__main__":
    main()
