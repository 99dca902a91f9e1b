"""Adds its result to a list by replacing the list."""

import asyncio

STATE = {"results": []}


async def fetch(item):
    results = STATE["results"]
    page = await asyncio.sleep(0.01, f"page {item}")
    STATE["results"] = results + [page]  # E-ASYNC-007 shared-state
