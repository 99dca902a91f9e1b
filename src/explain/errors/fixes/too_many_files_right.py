import asyncio
import resource

resource.setrlimit(resource.RLIMIT_NOFILE, (30, 30))


async def read(limit):
    async with limit:
        with open(__file__) as file:  # noqa: ASYNC230
            await asyncio.sleep(0.001)
            return len(file.read())


async def main():
    limit = asyncio.Semaphore(10)
    print(len(await asyncio.gather(*(read(limit) for _ in range(100)))))


asyncio.run(main())
