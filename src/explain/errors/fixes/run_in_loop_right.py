import asyncio


async def fetch():
    return 1


async def total():
    return await fetch() + 1


async def main():
    print(await total())


asyncio.run(main())
