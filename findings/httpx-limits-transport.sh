#!/usr/bin/env bash
# httpx: limits given to a client do not count once the client has a transport of its own, as for retries.
#
# Guess:     AsyncClient(limits=Limits(max_connections=2), transport=AsyncHTTPTransport(retries=2)) has two connections
#            open at most; the transport adds retries and nothing else.
# Version:   httpx 0.28.1, httpcore 1.0.9, CPython 3.11.7, Linux
# Behaviour: limits are only handed to a transport that the client makes itself. With one that was passed, or mounted,
#            they are dropped without a word, and the transport has its own default of 100. The same limits
#            given to the transport hold.
# Output:    20 requests at once, connections open: client 2; with a transport 20; mounted 20; limits in the transport 2
# Date:      2026-11-28
# Source:    seen by running it; the reference says of limits only that they are used
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check httpx==0.28.1 httpcore==1.0.9
cat >"$scratch/connections.py" <<'PY'
import asyncio

import httpx

LIMITS = httpx.Limits(max_connections=2)
RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


async def largest(**options):
    """The most connections that were open at the same time, for 20 requests of 0.3 s."""
    now = most = 0

    async def answer(reader, writer):
        nonlocal now, most
        now += 1
        most = max(most, now)
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.3)
        now -= 1
        writer.write(RESPONSE)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    url = httpx.URL(scheme="http", host="127.0.0.1", port=server.sockets[0].getsockname()[1])
    async with httpx.AsyncClient(timeout=60, **options) as client:
        await asyncio.gather(*(client.get(url) for _ in range(20)))
    server.close()
    return most


async def main():
    client = await largest(limits=LIMITS)
    passed = await largest(limits=LIMITS, transport=httpx.AsyncHTTPTransport(retries=2))
    mounted = await largest(limits=LIMITS, mounts={"all://": httpx.AsyncHTTPTransport(retries=2)})
    inside = await largest(transport=httpx.AsyncHTTPTransport(retries=2, limits=LIMITS))
    print(
        f"20 requests at once, connections open: client {client}; with a transport {passed}; mounted {mounted}; "
        f"limits in the transport {inside}"
    )
    assert client <= 2 and inside <= 2, "the comparison has changed"
    assert passed > 6 and mounted > 6, "the limits now hold"


asyncio.run(main())
PY
"$scratch/venv/bin/python" "$scratch/connections.py"
