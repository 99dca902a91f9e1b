"""A chat server: what one client says, all others hear; a slow one is dropped.

Prints: 3 clients each heard 10 messages of the others
"""

import asyncio
from contextlib import suppress

BACKLOG = 100  # Messages that may wait for one client.


class Room:
    """The clients that are connected, each with a queue of messages to send."""

    def __init__(self) -> None:
        self.queues = {}

    def broadcast(self, sender: asyncio.StreamWriter, line: bytes) -> None:
        for writer, queue in list(self.queues.items()):
            if writer is not sender:
                try:
                    queue.put_nowait(line)
                except asyncio.QueueFull:
                    writer.close()  # Too slow: it must not hold up the others.

    async def serve(self, reader, writer) -> None:
        queue = self.queues[writer] = asyncio.Queue(BACKLOG)
        sender = asyncio.create_task(self.send(writer, queue))
        with suppress(ConnectionError):
            while line := await reader.readline():
                self.broadcast(writer, line)
        del self.queues[writer]
        sender.cancel()
        writer.close()

    async def send(self, writer, queue) -> None:
        with suppress(ConnectionError):
            while True:
                writer.write(await queue.get())
                await writer.drain()  # Waits while the client does not read.


async def talk(port: int, name: str, ready: asyncio.Event, joined: list) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    joined.append(name)
    await ready.wait()
    for number in range(5):
        writer.write(f"{name} {number}\n".encode())
    await writer.drain()
    heard = [await reader.readline() for _ in range(10)]
    writer.close()
    await writer.wait_closed()
    return len(heard)


async def main() -> None:
    room, ready, joined = Room(), asyncio.Event(), []
    server = await asyncio.start_server(room.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clients = [asyncio.create_task(talk(port, n, ready, joined)) for n in "abc"]
    while len(joined) < 3 or len(room.queues) < 3:
        await asyncio.sleep(0.001)
    ready.set()
    heard = await asyncio.gather(*clients)
    server.close()
    while room.queues:  # Every connection has ended.
        await asyncio.sleep(0.001)
    assert heard == [10, 10, 10]
    print("3 clients each heard 10 messages of the others")


if __name__ == "__main__":
    asyncio.run(main())
