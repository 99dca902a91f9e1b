import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

with tempfile.TemporaryDirectory() as directory:
    path = Path(directory, "data", "log.db")
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        print(connection.execute("select 1").fetchone())
