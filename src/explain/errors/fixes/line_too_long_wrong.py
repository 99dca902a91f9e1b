import asyncio


async def main():
    reader = asyncio.StreamReader(limit=16)
    reader.feed_data(b"a line that is longer than the limit\n")
    print(await reader.readline())


asyncio.run(main())
