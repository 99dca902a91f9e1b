import asyncio


async def numbers():
    for number in range(3):
        await asyncio.sleep(0)
        yield number


async def main():
    for number in numbers():
        print(number)


asyncio.run(main())
