"""A connection that the first coroutine opens and all share."""
# needs aiosqlite

import asyncio

import aiosqlite

STATE = {}


async def connection():
    async with STATE.setdefault("lock", asyncio.Lock()):
        if "db" not in STATE:
            STATE["db"] = await aiosqlite.connect(":memory:")
            await STATE["db"].execute("create table t (n integer)")
        return STATE["db"]


async def fetch(item):
    db = await connection()
    await db.execute("insert into t values (?)", (item,))
    async with db.execute("select count(*) from t where n = ?", (item,)) as cursor:
        (count,) = await cursor.fetchone()
    return count > 0
