"""The part of the WebSocket protocol (RFC 6455) that publish and subscribe need.

Generators parse the input and yield the number of bytes that they need next, so that blocking and
asynchronous clients and the server share all the code.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
import struct
from collections.abc import Generator, Mapping
from typing import BinaryIO, NamedTuple

TEXT, BINARY, CLOSE = 0x1, 0x2, 0x8

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""A constant that proves that the peer speaks WebSocket (RFC 6455, section 1.3)."""


class Frame(NamedTuple):
    """One frame, unmasked."""

    opcode: int
    payload: bytes


def upgrade_headers() -> dict[str, str]:
    """Returns the headers by which a client requests the protocol."""
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }


def accept_headers(request: Mapping[str, str]) -> dict[str, str]:
    """Returns the headers by which a server accepts it."""
    digest = hashlib.sha1(request["sec-websocket-key"].encode() + _GUID).digest()
    return {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
    }


def encode(payload: bytes, opcode: int = BINARY, *, masked: bool = True) -> bytes:
    """Returns the bytes of one frame. The frames of a client are masked, those of a server are not."""
    mask_bit, size = 0x80 if masked else 0, len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, mask_bit | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", 0x80 | opcode, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, mask_bit | 127, size)
    if not masked:
        return head + payload
    key = os.urandom(4)
    return head + key + _mask(payload, key)


def read(stream: BinaryIO) -> Frame:
    """Waits for the next frame."""
    parser = _parse()
    wanted = next(parser)
    while True:
        data = stream.read(wanted)
        if len(data) < wanted:
            raise ConnectionError("the peer closed the connection")
        try:
            wanted = parser.send(data)
        except StopIteration as end:
            return _frame(end)


async def read_async(reader: asyncio.StreamReader) -> Frame:
    """Waits for the next frame without blocking the event loop."""
    parser = _parse()
    wanted = next(parser)
    while True:
        data = await reader.readexactly(wanted)
        try:
            wanted = parser.send(data)
        except StopIteration as end:
            return _frame(end)


def _frame(end: StopIteration) -> Frame:
    frame: Frame = end.value
    return frame


def _parse() -> Generator[int, bytes, Frame]:
    """Parses one frame: yields the number of bytes it needs, receives them, and returns the frame."""
    first, second = yield 2
    size = second & 0x7F
    if size == 126:
        (size,) = struct.unpack("!H", (yield 2))
    elif size == 127:
        (size,) = struct.unpack("!Q", (yield 8))
    key = (yield 4) if second & 0x80 else b""
    payload = (yield size) if size else b""
    return Frame(first & 0x0F, _mask(payload, key) if key else payload)


def _mask(payload: bytes, key: bytes) -> bytes:
    """Masks or unmasks data as one big integer, which is much faster than byte by byte."""
    size = len(payload)
    mask = (key * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")).to_bytes(size, "big")
