"""Is told by the system that there are no more descriptors."""

import errno
import os


def fetch(item):
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))  # E-ASYNC-005 resources
