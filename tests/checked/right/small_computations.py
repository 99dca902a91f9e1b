"""A coroutine that computes a little between waits."""

import asyncio
import json


async def fetch(item):
    answers = []
    for part in range(5):
        await asyncio.sleep(0.005)
        answers.append(json.loads(json.dumps({"item": item, "part": part, "values": list(range(200))})))
    return sum(len(answer["values"]) for answer in answers)
