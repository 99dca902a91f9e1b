import asyncio


async def main():
    queue = asyncio.Queue(1)
    for number in range(2):
        queue.put_nowait(number)


asyncio.run(main())
