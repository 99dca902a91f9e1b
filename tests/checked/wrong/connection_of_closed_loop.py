"""Keeps a connection of one event loop and uses it in the next one."""

import asyncio
import socket

KEPT = []
FAR, NEAR = socket.socketpair()


async def request(item):
    if not KEPT:
        KEPT.append(await asyncio.open_connection(sock=NEAR))
    reader, writer = KEPT[0]
    FAR.send(b"answer")
    return await reader.read(6)  # E-ASYNC-001 event-loop


def fetch(item):
    return asyncio.run(request(item))
