import asyncio

ready = asyncio.new_event_loop().create_future()


async def main():
    ready.get_loop().call_soon(ready.set_result, 1)
    print(await ready)


asyncio.run(main())
