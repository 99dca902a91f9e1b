import sqlite3
from contextlib import closing

with closing(sqlite3.connect(":memory:")) as connection:
    print(connection.execute("select 1").fetchone())
