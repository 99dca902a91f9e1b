import sqlite3
import threading
from contextlib import closing


def work():
    with closing(sqlite3.connect(":memory:")) as connection:
        print(connection.execute("SELECT 1").fetchone())


thread = threading.Thread(target=work)
thread.start()
thread.join()
