"""Fetches rows of a database: lets go of the GIL for every row, so often that threads thrash."""

import sqlite3

items = range(100)
ROWS = "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT i, i * 2 FROM n"


def task(item: int) -> int:
    """Takes about 6 ms, on a connection of its own."""
    connection = sqlite3.connect(":memory:")
    total = sum(double for _, double in connection.execute(ROWS, (item,)).fetchall())
    connection.close()
    return int(total)
