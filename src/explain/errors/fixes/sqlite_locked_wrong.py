import os
import sqlite3
import tempfile

with tempfile.TemporaryDirectory() as directory:
    path = os.path.join(directory, "app.db")
    first, second = (sqlite3.connect(path, timeout=0.01) for _ in range(2))
    first.execute("CREATE TABLE jobs (name)")
    first.execute("INSERT INTO jobs VALUES ('a')")
    second.execute("INSERT INTO jobs VALUES ('b')")
