import asyncio


async def save():
    raise OSError("disk full")


async def main():
    asyncio.create_task(save())
    await asyncio.sleep(0.01)


asyncio.run(main())
