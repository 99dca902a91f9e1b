import asyncio
import time


async def main():
    await time.sleep(0.01)


asyncio.run(main())
