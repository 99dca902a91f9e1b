import asyncio


async def fetch():
    return 1


def total():
    return asyncio.run(fetch()) + 1


async def main():
    print(total())


asyncio.run(main())
