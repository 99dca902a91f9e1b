"""What a test costs, measured."""

import subprocess
import sys
from pathlib import Path

# In a process of its own: the largest child of all that a process ever had counts.
SOURCE = """
import subprocess, sys
from conc_pytest.cost import Meter

def peak_with_child(source):
    meter = Meter()
    meter.start()
    subprocess.run([sys.executable, "-c", source], check=True)
    return meter.read().peak_bytes

held = bytearray(b"x") * (64 << 20)
print(peak_with_child("sum(range(10**6))"), peak_with_child("bytearray(b'x') * (192 << 20)"))
"""


def test_the_memory_of_a_child_counts_only_where_it_is_seen() -> None:
    command = [sys.executable, "-c", SOURCE]
    folder = Path(__file__).parent.parent
    done = subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    small, large = map(int, done.stdout.split())
    # The small child begins with the peak of its parent, and is far smaller.
    assert 64 << 20 < small < 120 << 20
    assert large > (64 + 192) << 20
