"""Starts a process and does not wait for it."""

import subprocess
import sys


def fetch(item):
    subprocess.Popen([sys.executable, "-c", "input()"])  # E-ASYNC-005 resources
