"""A server and a client that both close what they open."""

import asyncio


async def echo(reader, writer):
    writer.write(await reader.readline())
    await writer.drain()
    writer.close()
    await writer.wait_closed()


async def fetch(item):
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"%d\n" % item)
        answer = await reader.readline()
        writer.close()
        await writer.wait_closed()
    return int(answer)
