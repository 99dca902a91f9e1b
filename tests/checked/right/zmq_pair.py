"""Two sockets within the process."""
# needs pyzmq

import zmq
import zmq.asyncio

CONTEXT = zmq.asyncio.Context()


async def fetch(item):
    address = "inproc://pair-%d" % item
    with CONTEXT.socket(zmq.PAIR) as left, CONTEXT.socket(zmq.PAIR) as right:
        left.bind(address)
        right.connect(address)
        await left.send(b"%d" % item)
        return int(await right.recv())
