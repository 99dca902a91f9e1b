import asyncio


async def work():
    print("done")


async def main():
    await asyncio.create_task(work())


asyncio.run(main())
