"""A small server on loopback: pages over HTTP, topics over WebSocket.

The server behaves like the one embedded in ``conc``, whose address is in ``CONC_FIXTURE`` if it runs.
It is a separate process, so that it does not share the GIL with its clients, and it ends with the
process that started it.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import math
import os
import subprocess
import sys
import threading
import zlib
from collections import defaultdict
from pathlib import Path
from statistics import NormalDist
from urllib.parse import parse_qs, urlsplit

from support import http1, websocket

VARIABLE = "CONC_FIXTURE"
"""The environment variable with the address of a running server.

It is a host and a port, as in ``http://127.0.0.1:8000``.
"""

ATTEMPT = "X-Conc-Attempt"
"""The header with the number of the attempt, so that a retry can have another outcome."""

MEDIAN_S = 0.02
SPREAD = 0.5
"""Latencies are log-normal: half are below the median, 1% above 3.2 times as much."""

ERROR_RATE = 0.02
PAGE = 4096

_starting = threading.Lock()


def address() -> tuple[str, int]:
    """Returns host and port of the server; starts it if there is none yet."""
    with _starting:
        if VARIABLE not in os.environ:
            os.environ[VARIABLE] = _start()  # Processes started from here on use the same one.
    host, _, port = os.environ[VARIABLE].rpartition("//")[2].rpartition(":")
    return host, int(port)


def _start() -> str:
    process = subprocess.Popen(
        [sys.executable, "-m", "support.server"],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.communicate)
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _draw(path: str, attempt: str, stream: str) -> float:
    """Returns a number between 0 and 1 that depends only on the arguments."""
    return (zlib.crc32(f"{stream} {attempt} {path}".encode()) + 0.5) / (1 << 32)


async def _work(path: str, attempt: str) -> None:
    deviation = NormalDist(sigma=SPREAD).inv_cdf(_draw(path, attempt, "latency"))
    await asyncio.sleep(MEDIAN_S * math.exp(deviation))


def _page(path: str) -> bytes:
    links = "".join(f'<li><a href="{path}/{n}">{path}/{n}</a></li>\n' for n in range(20))
    page = f"<html><head><title>{path}</title></head><body><ul>\n{links}</ul></body></html>\n"
    return page.encode().ljust(PAGE)


async def _answer(request: http1.Message) -> bytes:
    path, attempt = request.start.split(" ")[1], request.headers.get(ATTEMPT.lower(), "0")
    await _work(path, attempt)
    if _draw(path, attempt, "failure") < ERROR_RATE:
        return http1.encode("HTTP/1.1 503 Service UnavailableError", {"Content-Length": 0})
    return http1.encode("HTTP/1.1 200 OK", {"Content-Type": "text/html"}, _page(path))


class Server:
    """Serves connections and keeps the subscriptions."""

    def __init__(self) -> None:
        self._topics: dict[str, set[asyncio.StreamWriter]] = defaultdict(set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until the client closes it."""
        try:
            while (request := await http1.read_message(reader)) is not None:
                if request.headers.get("upgrade", "").lower() == "websocket":
                    await self._converse(request, reader, writer)
                    break
                writer.write(await _answer(request))
                await writer.drain()
                if request.headers.get("connection", "").lower() == "close":
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # A client that breaks off is no concern of the server.
        finally:
            writer.close()

    async def _converse(
        self,
        request: http1.Message,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        url = urlsplit(request.start.split(" ")[1])
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        topic = f"{url.path}?{query.get('room', '')}"
        accepted = websocket.accept_headers(request.headers)
        writer.write(http1.encode("HTTP/1.1 101 Switching Protocols", accepted))
        if query.get("role") == "subscribe":
            await self._subscribe(topic, reader, writer)
        else:
            await self._publish(topic, reader, writer)

    async def _subscribe(
        self, topic: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._topics[topic].add(writer)
        try:
            writer.write(websocket.encode(b"subscribed", websocket.TEXT, masked=False))
            while (await websocket.read_async(reader)).opcode != websocket.CLOSE:
                pass
            writer.write(websocket.encode(b"", websocket.CLOSE, masked=False))
        finally:
            self._topics[topic].discard(writer)
            if not self._topics[topic]:
                del self._topics[topic]

    async def _publish(self, topic: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (frame := await websocket.read_async(reader)).opcode != websocket.CLOSE:
            await _work(topic, "0")
            message = websocket.encode(frame.payload, frame.opcode, masked=False)
            for subscriber in list(self._topics.get(topic, ())):
                with contextlib.suppress(ConnectionError):  # It has just left.
                    subscriber.write(message)
                    await subscriber.drain()
        writer.write(websocket.encode(b"", websocket.CLOSE, masked=False))


async def main() -> None:
    """Prints the address and serves until standard input ends."""
    server = await asyncio.start_server(Server().serve, "127.0.0.1", backlog=1024)
    host, port = server.sockets[0].getsockname()
    print(f"{host}:{port}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
