import asyncio


async def answer():
    await asyncio.sleep(0.2)
    return 42


async def main():
    print(await asyncio.wait_for(answer(), timeout=30))


asyncio.run(main())
