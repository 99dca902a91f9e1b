"""A connection for each call, in a context."""
# needs aiosqlite

import aiosqlite


async def fetch(item):
    async with aiosqlite.connect(":memory:") as db:
        await db.execute("create table t (n integer)")
        await db.execute("insert into t values (?)", (item,))
        await db.commit()
        async with db.execute("select n from t") as cursor:
            return [row[0] async for row in cursor]
