import asyncio


async def consume(queue):
    for _ in range(2):
        print(await queue.get())


async def main():
    queue = asyncio.Queue(1)
    consumer = asyncio.create_task(consume(queue))
    for number in range(2):
        await queue.put(number)
    await consumer


asyncio.run(main())
