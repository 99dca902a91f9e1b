"""A log file that is opened with the first record, and kept."""

import atexit
import logging.handlers
import os
import shutil
import tempfile

DIRECTORY = tempfile.mkdtemp()
atexit.register(shutil.rmtree, DIRECTORY, ignore_errors=True)
LOG = logging.getLogger("right.file")
LOG.setLevel(logging.INFO)
LOG.propagate = False
LOG.addHandler(
    logging.handlers.RotatingFileHandler(
        os.path.join(DIRECTORY, "log"), maxBytes=4000, backupCount=2, delay=True
    )
)


def fetch(item):
    for line in range(20):
        LOG.info("item %s, line %s", item, line)
    return item
