"""A subset of HTTP/1.1 over asyncio streams: keep-alive messages with a ``Content-Length``."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Message:
    """A request or a response; header names are in lower case."""

    start: str
    headers: Mapping[str, str]
    body: bytes


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """Reads one message; returns ``None`` if the peer has closed the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise ConnectionError("the peer closed the connection inside a message") from None
        return None
    start, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    fields = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in fields}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Message(start, headers, body)


def encode(start: str, headers: Mapping[str, object], body: bytes = b"") -> bytes:
    """Returns the bytes of a message."""
    fields = {**headers, "Content-Length": len(body)} if body else headers
    lines = [start, *(f"{name}: {value}" for name, value in fields.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class Connection:
    """A client connection that serves one request after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, host: str, port: int) -> Connection:
        """Connects to a server."""
        return cls(*await asyncio.open_connection(host, port))

    async def get(self, path: str, headers: Mapping[str, object]) -> tuple[int, bytes]:
        """Returns the status and the body of the answer; raises ``ConnectionError`` if there is none."""
        self._writer.write(encode(f"GET {path} HTTP/1.1", {"Host": "localhost", **headers}))
        await self._writer.drain()
        answer = await read_message(self._reader)
        if answer is None:
            raise ConnectionResetError("the server closed the connection")
        return int(answer.start.split(" ", 2)[1]), answer.body

    async def close(self) -> None:
        """Closes the connection in any state."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):  # The connection is closed anyway.
            await self._writer.wait_closed()

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()
