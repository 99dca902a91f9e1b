"""Cancels itself."""

import asyncio


async def fetch(item):
    raise asyncio.CancelledError  # E-ASYNC-003 completed
