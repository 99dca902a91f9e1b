import asyncio


async def work():
    return 1


async def main():
    job = asyncio.create_task(work())
    print(await job + await job)


asyncio.run(main())
