import asyncio


async def save():
    raise OSError("disk full")


async def main():
    task = asyncio.create_task(save())
    await asyncio.sleep(0.01)
    try:
        await task
    except OSError as error:
        print("not saved:", error)


asyncio.run(main())
