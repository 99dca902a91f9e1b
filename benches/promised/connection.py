"""A connection in a module global, bound to the event loop that opened it."""

from __future__ import annotations

import asyncio

items = range(120)


class Connection:
    """A stand-in of a client's pool: its lock belongs to the loop of the first use."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.ready = self.loop.create_future()
        self.ready.set_result(None)

    async def ask(self, item: int) -> int:
        """Answers after 10 ms; raises on another loop than its own."""
        await self.ready
        if asyncio.get_running_loop() is not self.loop:
            raise RuntimeError("attached to a different loop")
        await asyncio.sleep(0.01)
        return item


_connection: Connection | None = None


async def task(item: int) -> int:
    """Takes 10 ms."""
    global _connection
    _connection = _connection or Connection()
    return await _connection.ask(item)
