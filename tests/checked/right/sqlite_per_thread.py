"""A connection for each thread, made when the thread first needs one."""

import sqlite3
import threading

LOCAL = threading.local()


def connection():
    if not hasattr(LOCAL, "connection"):
        LOCAL.connection = sqlite3.connect(":memory:")
    return LOCAL.connection


def fetch(item):
    (double,) = connection().execute("select 2 * ?", (item,)).fetchone()
    return double
