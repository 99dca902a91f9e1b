import asyncio


async def count():
    return 1


async def main():
    print(count() + 1)


asyncio.run(main())
