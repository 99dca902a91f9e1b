"""Log records go through a queue to a thread that writes them."""

import atexit
import io
import logging
import logging.handlers
import queue

STREAM = io.StringIO()
RECORDS = queue.SimpleQueue()
LOG = logging.getLogger("right.listener")
LOG.setLevel(logging.INFO)
LOG.propagate = False
LOG.addHandler(logging.handlers.QueueHandler(RECORDS))
LISTENER = None


def listen():
    global LISTENER
    if LISTENER is None:
        LISTENER = logging.handlers.QueueListener(RECORDS, logging.StreamHandler(STREAM))
        LISTENER.start()
        atexit.register(LISTENER.stop)


def fetch(item):
    if item == 0:
        listen()
    LOG.info("item %s", item)
    return item
