"""An asynchronous engine of the module, and a connection for each call."""
# needs sqlalchemy greenlet aiosqlite

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

ENGINE = create_async_engine("sqlite+aiosqlite://")


async def fetch(item):
    async with ENGINE.connect() as connection:
        result = await connection.execute(text("select :n * 2"), {"n": item})
        return result.scalar_one()
