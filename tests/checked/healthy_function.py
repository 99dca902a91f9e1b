"""A function that computes on threads, but lets go of the GIL while it does."""

import hashlib
from concurrent.futures import ThreadPoolExecutor


def derive(salt):
    return hashlib.pbkdf2_hmac("sha256", b"password", salt, 20_000)


def fetch(item):
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(derive, [b"a", b"b", b"c", b"d"]))
