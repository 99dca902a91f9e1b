"""The steps of the staged workloads in Python, with the standard library alone."""

from __future__ import annotations

import asyncio
import html.parser
import os
import sqlite3
import tempfile
import threading
import zlib
from http.client import HTTPConnection
from urllib.parse import urlsplit

items = range(240)
HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = urlsplit(os.environ.get("CONC_FIXTURE", "http://127.0.0.1:9"))
PIXELS = bytes(range(256)) * 512
local = threading.local()


async def fetch(item: int) -> str:
    """Fetches a page over a connection of its own."""
    reader, writer = await asyncio.open_connection(SERVER.hostname, SERVER.port)
    writer.write(f"GET /page/{item} HTTP/1.0\r\nHost: fixture\r\n\r\n".encode())
    page = await reader.read()
    writer.close()
    await writer.wait_closed()
    return page.decode("utf-8", "replace")


def fetch_blocking(item: int) -> str:
    """Fetches a page with a client that blocks."""
    connection = HTTPConnection(SERVER.hostname or "", SERVER.port)
    connection.request("GET", f"/page/{item}")
    page = connection.getresponse().read()
    connection.close()
    return page.decode("utf-8", "replace")


class Counter(html.parser.HTMLParser):
    """Counts tags."""

    def __init__(self) -> None:
        super().__init__()
        self.tags = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Counts one."""
        self.tags += 1


def parse(page: str) -> int:
    """Parses the page with the GIL held."""
    counter = Counter()
    counter.feed(page[:4000])
    return counter.tags


def store(tags: int) -> int:
    """Inserts a row; SQLite lets one writer in at a time."""
    connection = getattr(local, "connection", None)
    if connection is None:
        path = os.path.join(tempfile.gettempdir(), "staged.db")
        connection = local.connection = sqlite3.connect(path, timeout=60, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS pages (tags INTEGER)")
    connection.execute("INSERT INTO pages VALUES (?)", (tags,))
    return tags


def decode(item: int) -> list[int]:
    """Unpacks pixels with the GIL held."""
    return [value ^ (item & 255) for value in PIXELS[:20_000]]


def resize(pixels: list[int]) -> list[int]:
    """Averages neighbours with the GIL held."""
    return [(pixels[i] + pixels[i + 1]) // 2 for i in range(0, len(pixels) - 1, 2)]


def encode(pixels: list[int]) -> int:
    """Packs the pixels, without the GIL for most of the time."""
    return len(zlib.compress(bytes(pixels) * 8, 6))


def read(_item: int) -> bytes:
    """Reads a file."""
    with open(os.path.join(HERE, "steps.py"), "rb") as file:
        return file.read()


def compress(text: bytes) -> bytes:
    """Compresses without the GIL."""
    return zlib.compress(text * 24, 6)


def write(packed: bytes) -> int:
    """Writes a file and waits until the device has it."""
    with tempfile.TemporaryFile() as file:
        file.write(packed)
        file.flush()
        os.fsync(file.fileno())
    return len(packed)
