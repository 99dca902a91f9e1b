import sqlite3
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as directory:
    path = Path(directory, "data", "log.db")
    sqlite3.connect(path)
