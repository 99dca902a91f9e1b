import sqlite3
from contextlib import closing

with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
    connection.execute("begin")
    connection.execute("create table log (line)")
    connection.execute("begin")
    connection.execute("insert into log values ('done')")
