"""Log entries with what belongs to the task."""
# needs structlog

import asyncio
import io

import structlog

structlog.configure(
    processors=[structlog.contextvars.merge_contextvars, structlog.processors.JSONRenderer()],
    logger_factory=structlog.PrintLoggerFactory(io.StringIO()),
)
LOG = structlog.get_logger()


async def fetch(item):
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(item=item)
    LOG.info("begun")
    await asyncio.sleep(0.002)
    LOG.info("ended", answer=item * 2)
    return item * 2
