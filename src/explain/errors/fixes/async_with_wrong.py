import asyncio


async def main():
    with asyncio.Lock():
        print("alone")


asyncio.run(main())
