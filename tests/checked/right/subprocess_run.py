"""Runs programs: one that ends by itself, and one that is ended."""

import subprocess
import sys


def fetch(item):
    printed = subprocess.run([sys.executable, "-c", "print(%d)" % item], capture_output=True, check=True)
    with subprocess.Popen(["sleep", "60"]) as sleeper:
        sleeper.terminate()
        sleeper.wait()
    return int(printed.stdout)
