"""An event system: publishes events over a WebSocket to all subscribers.

A task opens its own topic with several subscribers, publishes some events, and ends when every
subscriber has received all of them: a fan-out in which the slowest subscriber sets the pace.

    python3 event_system.py
    conc advise event_system.py:publish
"""

from __future__ import annotations

import asyncio
import socket
import time
import uuid
from collections.abc import Iterable
from contextlib import AsyncExitStack, ExitStack, suppress
from typing import BinaryIO

from support import http1, server, websocket

CONVERSATIONS = 60
IN_FLIGHT = 16
SUBSCRIBERS = 8
EVENTS = 4
TIMEOUT_S = 5


def items() -> Iterable[int]:
    """Returns the number of each conversation; every process uses the same server."""
    server.address()
    return range(CONVERSATIONS)


def publish(number: int) -> int:
    """Holds one conversation and returns the number of events that arrived at all subscribers."""
    room, events = uuid.uuid4().hex, _events(number)
    with ExitStack() as stack:
        readers = [stack.enter_context(Socket("subscribe", room)) for _ in range(SUBSCRIBERS)]
        for reader in readers:
            reader.receive()  # Says that the subscription is in force.
        writer = stack.enter_context(Socket("publish", room))
        arrived = 0
        for event in events:
            writer.send(event)
            arrived += sum(reader.receive() == event for reader in readers)
    return arrived


async def publish_async(number: int) -> int:
    """Holds one conversation without blocking the event loop."""
    room, events = uuid.uuid4().hex, _events(number)
    async with AsyncExitStack() as stack:
        opening = (AsyncSocket.open("subscribe", room) for _ in range(SUBSCRIBERS))
        readers = [await stack.enter_async_context(await reader) for reader in opening]
        await asyncio.gather(*(reader.receive() for reader in readers))
        writer = await stack.enter_async_context(await AsyncSocket.open("publish", room))
        arrived = 0
        for event in events:
            await writer.send(event)
            received = await asyncio.gather(*(reader.receive() for reader in readers))
            arrived += received.count(event)
    return arrived


def _events(number: int) -> list[bytes]:
    return [f"event {count} of conversation {number}".encode() for count in range(EVENTS)]


def _request(role: str, room: str) -> bytes:
    start = f"GET /events?role={role}&room={room} HTTP/1.1"
    return http1.encode(start, {"Host": "localhost", **websocket.upgrade_headers()})


def _check_upgrade(status_line: str) -> None:
    if status_line.split(" ")[1] != "101":
        raise ConnectionError(f"the server does not speak WebSocket: {status_line}")


class Socket:
    """A WebSocket for blocking code."""

    def __init__(self, role: str, room: str) -> None:
        self._socket = socket.create_connection(server.address(), TIMEOUT_S)
        self._stream: BinaryIO = self._socket.makefile("rb")
        self._socket.sendall(_request(role, room))
        _check_upgrade(self._stream.readline().decode())
        while self._stream.readline() not in (b"\r\n", b""):
            pass

    def send(self, payload: bytes) -> None:
        """Sends one message."""
        self._socket.sendall(websocket.encode(payload))

    def receive(self) -> bytes:
        """Waits for the next message."""
        return websocket.read(self._stream).payload

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *exception: object) -> None:
        with self._socket, self._stream, suppress(ConnectionError):
            self._socket.sendall(websocket.encode(b"", websocket.CLOSE))


class AsyncSocket:
    """A WebSocket for coroutines."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, role: str, room: str) -> AsyncSocket:
        """Connects and negotiates the WebSocket protocol."""
        reader, writer = await asyncio.open_connection(*server.address())
        writer.write(_request(role, room))
        answer = await http1.read_message(reader)
        _check_upgrade(answer.start if answer else "HTTP/1.1 000 closed")
        return cls(reader, writer)

    async def send(self, payload: bytes) -> None:
        """Sends one message."""
        self._writer.write(websocket.encode(payload))
        await self._writer.drain()

    async def receive(self) -> bytes:
        """Waits for the next message."""
        return (await websocket.read_async(self._reader)).payload

    async def __aenter__(self) -> AsyncSocket:
        return self

    async def __aexit__(self, *exception: object) -> None:
        with suppress(ConnectionError):
            self._writer.write(websocket.encode(b"", websocket.CLOSE))
            self._writer.close()
            await self._writer.wait_closed()


async def broadcast(numbers: Iterable[int], in_flight: int = IN_FLIGHT) -> int:
    """Holds all conversations and returns the number of events that arrived."""
    conversations = iter(numbers)

    async def worker() -> int:
        return sum([await publish_async(number) for number in conversations])

    return sum(await asyncio.gather(*(worker() for _ in range(in_flight))))


def main() -> None:
    """Holds all conversations and prints whether everything arrived."""
    numbers = items()
    start = time.perf_counter()
    arrived = asyncio.run(broadcast(numbers))
    seconds = time.perf_counter() - start
    expected = CONVERSATIONS * EVENTS * SUBSCRIBERS
    print(f"{arrived} of {expected} events arrived in {seconds:.2f} s")


if __name__ == "__main__":
    main()
