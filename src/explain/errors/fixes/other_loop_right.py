import asyncio


async def main():
    ready = asyncio.get_running_loop().create_future()
    ready.get_loop().call_soon(ready.set_result, 1)
    print(await ready)


asyncio.run(main())
