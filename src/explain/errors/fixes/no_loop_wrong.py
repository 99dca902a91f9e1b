import asyncio


async def work():
    print("done")


def main():
    asyncio.create_task(work())


main()
