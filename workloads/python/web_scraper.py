"""A web scraper: fetches pages at a limited rate and extracts their links.

The scraper spends nearly all its time waiting for the server, so many pages in flight pay off. The
rate of requests is limited, pages that fail are retried, and a page that still fails is reported
without stopping the others.

    python3 web_scraper.py
    conc advise web_scraper.py:fetch
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import sys
import time
from collections.abc import Iterable
from html.parser import HTMLParser

from support import http1, retry, server
from support.rate import RateLimiter

PAGES = 100
IN_FLIGHT = 32
TIMEOUT_S = 5

_limiter = RateLimiter(per_s=2000)


def items() -> Iterable[int]:
    """Returns the numbers of the pages to fetch; every process uses the same server."""
    server.address()
    return range(PAGES)


def fetch(page: int) -> list[str]:
    """Returns the links of one page."""
    return links(retry.call(lambda attempt: _get(f"/page/{page}", attempt)))


async def fetch_async(page: int) -> list[str]:
    """Returns the links of one page without blocking the event loop."""
    return links(
        await retry.call_async(
            lambda attempt: asyncio.wait_for(_get_async(f"/page/{page}", attempt), TIMEOUT_S)
        )
    )


def _get(path: str, attempt: int) -> bytes:
    _limiter.wait()
    connection = http.client.HTTPConnection(*server.address(), timeout=TIMEOUT_S)
    with contextlib.closing(connection):
        connection.request("GET", path, headers={server.ATTEMPT: str(attempt)})
        answer = connection.getresponse()
        return retry.checked(answer.status, answer.read())


async def _get_async(path: str, attempt: int) -> bytes:
    await _limiter.wait_async()
    async with await http1.Connection.open(*server.address()) as connection:
        return retry.checked(*await connection.get(path, {server.ATTEMPT: attempt}))


class _LinkParser(HTMLParser):
    """Collects the targets of ``<a href="...">``."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def links(page: bytes) -> list[str]:
    """Returns the addresses that a page of HTML links to, in order."""
    parser = _LinkParser()
    parser.feed(page.decode())
    parser.close()
    return parser.found


async def scrape(numbers: Iterable[int], in_flight: int = IN_FLIGHT) -> dict[int, list[str]]:
    """Returns the links of every page that could be fetched; reports the others."""
    pages: dict[int, list[str]] = {}
    queue = iter(numbers)

    async def worker() -> None:
        for number in queue:  # Shared by all workers: each page is fetched by one of them.
            try:
                pages[number] = await fetch_async(number)
            except (*retry.TRANSIENT, ValueError) as error:
                print(f"page {number}: {error!r}", file=sys.stderr)

    await asyncio.gather(*(worker() for _ in range(in_flight)))
    return pages


def main() -> None:
    """Scrapes all pages and prints the result."""
    numbers = items()
    start = time.perf_counter()
    pages = asyncio.run(scrape(numbers))
    seconds = time.perf_counter() - start
    found = sum(map(len, pages.values()))
    print(f"{len(pages)} of {PAGES} pages, {found} links in {seconds:.2f} s")


if __name__ == "__main__":
    main()
