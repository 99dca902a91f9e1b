import pickle
import tempfile
from pathlib import Path

with tempfile.TemporaryDirectory() as directory:
    path = Path(directory, "data.pickle")
    with path.open("wb") as file:
        pickle.dump([1, 2, 3], file)
    print(pickle.loads(path.read_bytes()))
