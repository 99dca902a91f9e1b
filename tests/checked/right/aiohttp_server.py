"""A server in the loop that serves one request and is cleaned up."""
# needs aiohttp

import aiohttp
from aiohttp import web


async def hello(request):
    return web.json_response({"item": request.match_info["item"]})


async def fetch(item):
    app = web.Application()
    app.router.add_get("/{item}", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        async with aiohttp.ClientSession() as session:
            async with session.get("http://%s:%d/%d" % (host, port, item)) as response:
                return await response.json()
    finally:
        await runner.cleanup()
