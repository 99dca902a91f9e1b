"""A server and a client that talk and say goodbye."""
# needs websockets

import websockets

try:
    from websockets.asyncio.client import connect
    from websockets.asyncio.server import serve
except ImportError:
    connect, serve = websockets.connect, websockets.serve


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def fetch(item):
    async with serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect("ws://127.0.0.1:%d" % port) as client:
            await client.send(str(item))
            return await client.recv()
