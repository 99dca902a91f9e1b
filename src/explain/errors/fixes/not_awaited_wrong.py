import asyncio


async def save(item):
    await asyncio.sleep(0)
    print("saved", item)


async def main():
    save(1)


asyncio.run(main())
