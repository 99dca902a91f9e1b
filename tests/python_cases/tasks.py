"""Tasks whose best strategy is known."""

import asyncio
import functools
import hashlib
import json
import os
import sqlite3
import time
import urllib.parse
import urllib.request
import zlib

SERVER = os.environ.get("CONC_FIXTURE", "")
DOCUMENT = json.dumps([{"id": i, "name": "name %d" % i, "tags": ["a", "b"]} for i in range(4000)])
TEXT = b"".join(b"line %d of a text that compresses\n" % i for i in range(8000))


def derive_key(i):
    return hashlib.pbkdf2_hmac("sha256", b"secret", b"salt %d" % i, 20_000)


def primes(i):
    return sum(1 for n in range(2, 3000) if all(n % k for k in range(2, int(n**0.5) + 1)))


def parse_json(i):
    return len(json.loads(DOCUMENT))


def compress(i):
    return len(zlib.compress(TEXT, 6))


def get(i):
    with urllib.request.urlopen("%s/page/%d" % (SERVER, i)) as answer:
        return len(answer.read())


async def get_awaiting(i):
    address = urllib.parse.urlsplit(SERVER)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"GET /page/%d HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n" % i)
    body = await reader.read()
    writer.close()
    await writer.wait_closed()
    return len(body.partition(b"\r\n\r\n")[2])


def nap(i):
    time.sleep(0.01)


async def nap_async(i):
    await asyncio.sleep(0.01)


@functools.lru_cache(None)
def database():
    path = os.path.abspath("rows.db")
    connection = sqlite3.connect(path, timeout=60, check_same_thread=False)
    connection.execute("create table if not exists t (i integer)")
    return path


def write_row(i):
    connection = sqlite3.connect(database(), timeout=60)
    with connection:
        connection.execute("insert into t values (?)", (i,))
    connection.close()


async def wait_for_page(i):
    await asyncio.sleep(0.008)
    return DOCUMENT


def parse_page(page):
    return sum(len(json.loads(page)) for _ in range(3))


async def wait_and_compute(i):
    await asyncio.sleep(0.004)
    return sum(k * k for k in range(60_000))


def nothing(i):
    return i


async def nap_in_coroutine(i):
    time.sleep(0.01)


def huge(i):
    return bytes(20_000_000)
