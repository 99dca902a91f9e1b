"""The half of conc that runs in the user's interpreter. It needs only the standard library.

One process serves one request: it loads the user's callables, runs their tasks under one strategy, and
reports the cost. Results of single tasks go to a memory-mapped file (`results_file`), which survives the
process.
"""

import os

if "CONC_HARNESS_OWN_MODULES" in os.environ:
    from .own_modules import load_in_child

    load_in_child()
