"""Starts all requests at once, then collects their results in order.

Prints: 40 started, 39 answered, 1 failed: TimeoutError
"""

import asyncio

items = range(40)


async def fetch(item: int) -> int:
    await asyncio.sleep(0.02)  # Stands for a request.
    if item == 13:
        raise TimeoutError(f"no answer for {item}")
    return item * item


async def main() -> None:
    # Without return_exceptions, the first failure would hide all results.
    results = await asyncio.gather(*map(fetch, items), return_exceptions=True)
    failed = [result for result in results if isinstance(result, Exception)]
    answered = len(results) - len(failed)
    print(f"{len(items)} started, {answered} answered, ", end="")
    print(f"{len(failed)} failed: {type(failed[0]).__name__}")


if __name__ == "__main__":
    asyncio.run(main())
