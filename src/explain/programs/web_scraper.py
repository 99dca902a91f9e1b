"""Fetches pages and follows their links: bounded, paced, and every failure counted.

Prints: 31 pages, 1 failed (404), at most 8 requests at a time
"""

import asyncio
import threading
import urllib.error
import urllib.request
from html.parser import HTMLParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

IN_FLIGHT = 8
INTERVAL_S = 0.002  # Between the starts of two requests.
PAGES = 31


class Links(HTMLParser):
    """Collects the addresses that a page links to."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if (tag, name) == ("a", "href")]


class Site(BaseHTTPRequestHandler):
    """A site of 31 pages; every page links to two others, the last to a missing one."""

    now = highest = 0
    lock = threading.Lock()

    def do_GET(self):
        with self.lock:
            Site.now += 1
            Site.highest = max(Site.highest, Site.now)
        page = int(self.path[1:])
        links = "".join(f"<a href=/{page * 2 + n}>" for n in (1, 2) if page < 15)
        links += "<a href=/99>" if page == 30 else ""
        with self.lock:
            Site.now -= 1
        self.send_response(200 if page < PAGES else 404)
        self.end_headers()
        self.wfile.write(links.encode())

    def log_message(self, *_):
        pass


def fetch(address):
    """Returns the links of a page; blocks, so it runs in a thread."""
    with urllib.request.urlopen(address, timeout=5) as answer:
        parser = Links()
        parser.feed(answer.read().decode())
        return parser.found


async def scrape(site):
    seen, failed = {"/0"}, []
    limit = asyncio.Semaphore(IN_FLIGHT)
    pace = asyncio.Lock()

    async def visit(path):
        async with limit:
            async with pace:  # One start after the other.
                await asyncio.sleep(INTERVAL_S)
            try:
                found = await asyncio.to_thread(fetch, site + path)
            except urllib.error.HTTPError as error:
                failed.append(error.code)
                error.close()
                return
        new = [link for link in found if link not in seen]
        seen.update(new)
        await asyncio.gather(*map(visit, new))

    await visit("/0")
    return len(seen) - len(failed), failed


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    pages, failed = asyncio.run(scrape(f"http://127.0.0.1:{server.server_port}"))
    server.shutdown()
    server.server_close()
    assert Site.highest <= IN_FLIGHT
    print(f"{pages} pages, {len(failed)} failed ({failed[0]}), ", end="")
    print(f"at most {IN_FLIGHT} requests at a time")


if __name__ == "__main__":
    main()
