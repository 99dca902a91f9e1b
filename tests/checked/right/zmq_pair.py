"""Two sockets within the process."""
# needs pyzmq

import itertools

import zmq
import zmq.asyncio

CONTEXT = zmq.asyncio.Context()
NUMBERS = itertools.count()


async def fetch(item):
    address = "inproc://pair-%d" % next(NUMBERS)
    with CONTEXT.socket(zmq.PAIR) as left, CONTEXT.socket(zmq.PAIR) as right:
        left.bind(address)
        right.connect(address)
        await left.send(b"%d" % item)
        return int(await right.recv())
