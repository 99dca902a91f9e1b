"""A connection for each call, closed at its end."""

import sqlite3
from contextlib import closing


def fetch(item):
    with closing(sqlite3.connect(":memory:")) as connection, connection:
        connection.execute("create table t (n integer)")
        connection.executemany("insert into t values (?)", [(item,), (item + 1,)])
        return connection.execute("select sum(n) from t").fetchone()[0]
