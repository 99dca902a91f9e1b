import asyncio


async def save():
    await asyncio.sleep(0.01)
    print("saved")


async def main():
    task = asyncio.create_task(save())
    await asyncio.sleep(0)
    await task


asyncio.run(main())
