import asyncio


async def consume(queue):
    while (item := await queue.get()) is not None:
        print(item)


async def main():
    queue = asyncio.Queue()
    for item in (1, None):  # None is the end mark.
        await queue.put(item)
    await consume(queue)


asyncio.run(main())
