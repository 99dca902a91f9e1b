from __future__ import annotations

import os

from conc_harness.descriptors import moved, out_of_the_way
from conc_harness.resource_usage import RunQueue


def test_a_copy_is_out_of_reach_of_a_program_that_closes_what_it_does_not_know() -> None:
    ours, theirs = os.pipe()
    copy = out_of_the_way(theirs)
    assert copy >= 256 and not os.get_inheritable(copy)
    assert os.write(copy, b"x") == 1 and os.read(ours, 1) == b"x"
    last = moved(ours)
    assert last >= 256 and last != copy
    os.write(theirs, b"y")
    assert os.read(last, 1) == b"y"
    for descriptor in (theirs, copy, last):
        os.close(descriptor)


def test_a_meter_survives_a_task_that_closes_its_file() -> None:
    queue = RunQueue()
    assert queue._descriptor < 0 or queue._descriptor >= 256
    if queue._descriptor >= 0:
        os.close(queue._descriptor)
    assert queue.seconds() is None
    queue.close()
