import sqlite3

connection = sqlite3.connect(":memory:")
connection.close()
print(connection.execute("select 1").fetchone())
