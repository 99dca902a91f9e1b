#!/usr/bin/env bash
# aiohttp-retry: a POST that is answered with 503 is sent again, unlike with urllib3's Retry.
#
# Guess:     only methods that may be sent twice are repeated by default, as urllib3's Retry has it: one POST.
# Version:   aiohttp-retry 2.9.1, aiohttp 3.14.5, urllib3 2.8.0, CPython 3.11.7, Linux
# Behaviour: every method is repeated after a 5xx, POST and PATCH included, so a server that has done the work and then
#            answers 503 does it three times. methods={"GET", ...} keeps to those that are listed. attempts=3 are three
#            requests in all, where Retry(3) is four.
# Output:    requests that the server got: aiohttp-retry GET 3, POST 3; only GET listed: POST 1; urllib3 GET 4, POST 1
# Date:      2026-11-28
# Source:    seen by running it; the README does not speak of methods
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet --disable-pip-version-check aiohttp-retry==2.9.1 aiohttp==3.14.5 urllib3==2.8.0
cat >"$scratch/requests_sent.py" <<'PY'
import asyncio
import collections

import urllib3
from aiohttp import web
from aiohttp_retry import ExponentialRetry, RetryClient
from yarl import URL

got = collections.Counter()


async def unavailable(request):
    got[request.path + request.method] += 1
    return web.Response(status=503)


async def send(url, method, **options):
    async with RetryClient(retry_options=ExponentialRetry(attempts=3, start_timeout=0.01, **options)) as client:
        async with client.request(method, url):
            pass


def send_plainly(url, method):
    retries = urllib3.Retry(3, status_forcelist=[503], raise_on_status=False)
    with urllib3.PoolManager() as pool:
        pool.request(method, url, retries=retries)


async def main():
    app = web.Application()
    app.router.add_route("*", "/{client}/", unavailable)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    base = URL.build(scheme="http", host="127.0.0.1", port=runner.addresses[0][1])
    for method in ("GET", "POST"):
        await send(base / "all/", method)
        await send(base / "listed/", method, methods={"GET"})
        await asyncio.to_thread(send_plainly, str(base / "urllib3/"), method)
    await runner.cleanup()


asyncio.run(main())
print(
    f"requests that the server got: aiohttp-retry GET {got['/all/GET']}, POST {got['/all/POST']}; "
    f"only GET listed: POST {got['/listed/POST']}; urllib3 GET {got['/urllib3/GET']}, POST {got['/urllib3/POST']}"
)
assert (got["/listed/POST"], got["/urllib3/GET"], got["/urllib3/POST"]) == (1, 4, 1), "the comparison has changed"
assert (got["/all/GET"], got["/all/POST"]) == (3, 3), "the behaviour has changed"
PY
"$scratch/venv/bin/python" "$scratch/requests_sent.py"
