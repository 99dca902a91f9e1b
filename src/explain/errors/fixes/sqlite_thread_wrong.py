import sqlite3
import threading

connection = sqlite3.connect(":memory:")


def work():
    print(connection.execute("SELECT 1").fetchone())


thread = threading.Thread(target=work)
thread.start()
thread.join()
