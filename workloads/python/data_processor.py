"""A data processor: splits a long table into chunks and computes a summary of each.

Chunks bound the memory and make sending work to another process worth its cost; the partial
results are small and merged at the end. The work is pure computing, so under the GIL only several
processes can use more than one CPU.

    python3 data_processor.py
    conc advise data_processor.py:process
"""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import TypedDict

RECORDS = 100_000
CHUNK = 1_000
REGIONS = ("north", "east", "south", "west")

items = range(0, RECORDS, CHUNK)
"""The first record of every chunk."""


class Record(TypedDict):
    """One sale."""

    id: int
    region: str
    cents: int


@dataclass
class Summary:
    """The totals of any number of records; cheap to send and to merge."""

    records: int = 0
    sales: Counter[str] = field(default_factory=Counter)
    """Cents by region."""

    def add(self, record: Record) -> None:
        """Adds one record."""
        self.records += 1
        self.sales[record["region"]] += record["cents"]

    def __add__(self, other: Summary) -> Summary:
        return Summary(self.records + other.records, self.sales + other.sales)


def process(start: int) -> Summary:
    """Returns the summary of the chunk that begins with record ``start``."""
    summary = Summary()
    for line in read(start, min(start + CHUNK, RECORDS)):
        summary.add(json.loads(line))
    return summary


def read(start: int, stop: int) -> Iterator[str]:
    """Yields records as lines of JSON, as a file or a database would."""
    for number in range(start, stop):
        draw = random.Random(number)
        record = Record(id=number, region=draw.choice(REGIONS), cents=draw.randrange(10_000))
        yield json.dumps(record)


def main() -> None:
    """Processes all chunks, with one process per CPU, and prints the summary."""
    start = time.perf_counter()
    with ProcessPoolExecutor() as pool:
        total = sum(pool.map(process, items, chunksize=4), Summary())
    seconds = time.perf_counter() - start
    print(f"{total.records} records in {len(items)} chunks in {seconds:.2f} s")
    for region, cents in total.sales.most_common():
        print(f"  {region:6} {cents / 100:12,.2f}")


if __name__ == "__main__":
    main()
