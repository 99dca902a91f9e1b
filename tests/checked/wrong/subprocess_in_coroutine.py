"""Runs a command in a coroutine and waits for it."""

import subprocess
import sys


async def fetch(item):
    done = subprocess.run([sys.executable, "-c", "import time; time.sleep(0.1)"])  # E-ASYNC-006 blocking
    return done.returncode
