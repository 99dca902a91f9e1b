"""A server with a limit that nobody is told of. Prints its port.

A request is one line. `queue`: six are served at once, the others wait. `refuse`: what comes while four are
served is refused. Serving takes 10 ms.
"""

import asyncio

SERVICE_S = 0.01
SERVED_AT_ONCE = 6
ACCEPTED_AT_ONCE = 4


class Upstream:
    """Counts what is being served."""

    def __init__(self) -> None:
        self.queue = asyncio.Semaphore(SERVED_AT_ONCE)
        self.accepted = 0

    async def answer(self, request: bytes) -> bytes:
        """Serves one request."""
        if request.startswith(b"queue"):
            async with self.queue:
                await asyncio.sleep(SERVICE_S)
        elif self.accepted == ACCEPTED_AT_ONCE:
            return b"busy"
        else:
            self.accepted += 1
            await asyncio.sleep(SERVICE_S)
            self.accepted -= 1
        return b"ok " + request.split()[1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one connection."""
        writer.write(await self.answer(await reader.readline()))
        writer.close()


async def main() -> None:
    """Serves until it is killed."""
    server = await asyncio.start_server(Upstream().serve, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
