import sqlite3
from contextlib import closing

with closing(sqlite3.connect(":memory:")) as connection:
    with connection:
        connection.execute("create table log (line)")
    with connection:
        connection.execute("insert into log values ('done')")
    print(connection.execute("select * from log").fetchall())
