"""One connection of the module for all threads, with a lock around it."""

import sqlite3
import threading

CONNECTION = sqlite3.connect(":memory:", check_same_thread=False)
LOCK = threading.Lock()

with CONNECTION:
    CONNECTION.execute("create table seen (item integer, times integer)")


def fetch(item):
    with LOCK, CONNECTION:
        CONNECTION.execute("insert into seen values (?, 1)", (item,))
        (count,) = CONNECTION.execute("select count(*) from seen where item = ?", (item,)).fetchone()
    return count > 0
