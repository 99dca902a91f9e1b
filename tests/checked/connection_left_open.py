"""Connects and does not close the connection."""

import asyncio


async def fetch(item):
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1")
    try:
        reader, writer = await asyncio.open_connection(  # E-ASYNC-005 resources
            *server.sockets[0].getsockname()
        )
        await reader.read()
    finally:
        server.close()
