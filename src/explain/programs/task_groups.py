"""Ties tasks to a block: it waits for all of them, and one failure cancels the rest.

Needs Python 3.11.
Prints: 3 answers; then 1 failed (ValueError), 2 cancelled
"""

import asyncio

cancelled = []


async def fetch(number: int) -> int:
    if number < 0:
        raise ValueError(f"no page {number}")
    try:
        await asyncio.sleep(0.01)  # Stands for a request.
    except asyncio.CancelledError:
        cancelled.append(number)
        raise  # Who swallows it cannot be stopped.
    return number


async def fetch_all(numbers: list) -> list:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(fetch(number)) for number in numbers]
    return [task.result() for task in tasks]  # After the block all are done.


async def main() -> None:
    answers = await fetch_all([1, 2, 3])
    failed = []
    try:
        await fetch_all([4, 5, -1])
    except* ValueError as group:
        failed = [type(error).__name__ for error in group.exceptions]
    print(f"{len(answers)} answers; then ", end="")
    print(f"{len(failed)} failed ({failed[0]}), {len(cancelled)} cancelled")


if __name__ == "__main__":
    asyncio.run(main())
