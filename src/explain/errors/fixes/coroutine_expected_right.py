import asyncio


async def main():
    print("done")


asyncio.run(main())
