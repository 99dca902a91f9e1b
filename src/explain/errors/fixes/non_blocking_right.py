import asyncio
import socket


async def main():
    client, server = socket.socketpair()
    with client, server:
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        loop.call_later(0.01, server.send, b"data")
        print(await loop.sock_recv(client, 16))


asyncio.run(main())
