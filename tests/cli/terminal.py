"""Runs a command on a terminal of its own, with nobody at the keyboard; prints what it says."""

import os
import pty
import sys

child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
while True:
    try:
        piece = os.read(terminal, 1 << 16)
    except OSError:
        # The last process that had the terminal is gone.
        break
    if not piece:
        break
    os.write(1, piece)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
