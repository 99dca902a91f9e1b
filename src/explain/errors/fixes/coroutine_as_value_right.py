import asyncio


async def count():
    return 1


async def main():
    print(await count() + 1)


asyncio.run(main())
