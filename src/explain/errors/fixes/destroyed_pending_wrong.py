import asyncio


async def save():
    await asyncio.sleep(0.01)
    print("saved")


async def main():
    loop.create_task(save())
    await asyncio.sleep(0)


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
loop.close()
