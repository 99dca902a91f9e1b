import asyncio


async def consume(queue):
    while True:
        print(queue.get_nowait())


async def main():
    queue = asyncio.Queue()
    await queue.put(1)
    await consume(queue)


asyncio.run(main())
