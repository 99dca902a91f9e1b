"""Files, archives and maps, all closed."""

import mmap
import os
import tempfile
import zipfile


def fetch(item):
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "archive.zip")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("item", b"%d" % item)
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            assert view[:2] == b"PK"
        with zipfile.ZipFile(path) as archive, archive.open("item") as member:
            return int(member.read())
