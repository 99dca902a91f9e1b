import asyncio


async def main():
    async with asyncio.Lock():
        print("alone")


asyncio.run(main())
