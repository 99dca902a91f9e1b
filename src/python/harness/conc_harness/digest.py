"""A number for an output: the same for equal outputs, in whatever process they were made.

It looks at a bounded part of large outputs, because what it costs is no part of the work.
"""

from hashlib import blake2b

MASK = (1 << 64) - 1

# Bytes looked at from either end of a string, and parts of a container.
MOST_BYTES = 1 << 15
MOST_PARTS = 256

NONE = 0x6E6F6E65


def digest(value):
    """The digest of a value, from 0 to 2^64 - 1."""
    kind = type(value)
    if value is None:
        return NONE
    if kind is int or kind is float or kind is bool:
        # The hash of a number does not depend on the process.
        return hash(value) & MASK
    state = blake2b(digest_size=8)
    _feed(state, value, [MOST_PARTS])
    return int.from_bytes(state.digest(), "little")


def _feed(state, value, left):
    left[0] -= 1
    if left[0] < 0:
        return
    kind = type(value)
    if value is None or kind in (bool, int, float, complex):
        state.update(repr(value).encode())
    elif kind is str:
        _feed_bytes(state, b"s", _ends(value).encode("utf-8", "surrogatepass"), len(value))
    elif kind in (bytes, bytearray):
        _feed_bytes(state, b"b", _ends(value), len(value))
    elif isinstance(value, (list, tuple)):
        state.update(b"l%d" % len(value))
        for part in value[:MOST_PARTS]:
            _feed(state, part, left)
    elif isinstance(value, dict):
        # Equal dictionaries may have been filled in different orders.
        _feed_unordered(state, b"d", value.items(), left)
    elif isinstance(value, (set, frozenset)):
        _feed_unordered(state, b"e", value, left)
    else:
        _feed_other(state, value, left)


def _ends(text):
    if len(text) <= 2 * MOST_BYTES:
        return text
    if isinstance(text, memoryview):
        return bytes(text[:MOST_BYTES]) + bytes(text[-MOST_BYTES:])
    return text[:MOST_BYTES] + text[-MOST_BYTES:]


def _feed_bytes(state, kind, data, length):
    state.update(b"%s%d:" % (kind, length))
    state.update(data)


def _feed_unordered(state, kind, parts, left):
    state.update(b"%s%d" % (kind, len(parts)))
    if len(parts) > left[0]:
        # Which of the parts would come first is not the same everywhere.
        return
    total = 0
    for part in parts:
        one = blake2b(digest_size=8)
        _feed(one, part, left)
        total += int.from_bytes(one.digest(), "little")
    state.update((total & MASK).to_bytes(8, "little"))


def _feed_other(state, value, left):
    """An array by its bytes, an object by its attributes, and anything else by its type."""
    state.update(type(value).__qualname__.encode())
    try:
        data = memoryview(value).cast("B")
    except TypeError:
        _feed(state, getattr(value, "__dict__", None), left)
    else:
        _feed_bytes(state, b"m", _ends(data), len(data))
