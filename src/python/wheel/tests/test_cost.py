"""What a test costs, measured."""

import subprocess
import sys

from conc_pytest.cost import Meter


def test_the_memory_of_a_child_counts_only_where_it_is_seen() -> None:
    held = bytearray(b"x") * (64 << 20)
    small = Meter()
    small.start()
    subprocess.run([sys.executable, "-c", "sum(range(10**6))"], check=True)
    # The child begins with the peak of this process, and is far smaller.
    assert len(held) < small.read().peak_bytes < 1.8 * len(held)
    large = Meter()
    large.start()
    subprocess.run([sys.executable, "-c", f"bytearray(b'x') * {3 * len(held)}"], check=True)
    assert large.read().peak_bytes > len(held) + 3 * len(held)
