"""Callables that go wrong when several of them run at once."""

import os
import random
import sqlite3
import threading
import time

current = None
buffer = [0]
generator = random.Random(7)
open_requests = 0
lock = threading.Lock()
here = os.path.dirname(os.path.abspath(__file__))


def shares_a_global(i):
    global current
    current = i
    time.sleep(0.005)
    return current * 2


def changes_directory(i):
    path = os.path.join(here, "directory-%d" % (i % 10))
    os.makedirs(path, exist_ok=True)
    os.chdir(path)
    time.sleep(0.005)
    return os.getcwd()


def returns_a_shared_buffer(i):
    buffer[0] = i
    time.sleep(0.005)
    return buffer


def draws(i):
    time.sleep(0.005)
    return generator.random()


def refuses_beyond_four(i):
    """An upstream that answers 503 to a fifth request at once; each is a file, so that processes count too."""
    path = os.path.join(here, "request-%d" % i)
    open(path, "w").close()
    try:
        refused = sum(name.startswith("request-") for name in os.listdir(here)) > 4
        time.sleep(0.02)
        if refused:
            raise ConnectionError("503: too many requests")
        return i
    finally:
        os.remove(path)


def takes_a_lock_file(i):
    path = os.path.join(here, "lock")
    os.mkdir(path)
    time.sleep(0.005)
    os.rmdir(path)
    return i


def writes_without_waiting(i):
    connection = sqlite3.connect(os.path.join(here, "rows.db"), timeout=0)
    try:
        with connection:
            connection.execute("create table if not exists t (i integer)")
            connection.execute("insert into t values (?)", (i,))
            time.sleep(0.005)
    finally:
        connection.close()
    return i
