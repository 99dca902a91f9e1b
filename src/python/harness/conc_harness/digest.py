"""Digests of outputs: equal outputs have equal digests in every process.

Numbers with a fraction count without their last digits, which depend on the order of a summation, and
dictionaries and sets without their order.

Only a bounded part of a large output is read, because the digest is not part of the work.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b
from typing import Any, Union

MASK = (1 << 64) - 1

# Bytes read at either end of a string, and parts read of a container.
MAX_END_BYTES = 1 << 15
MAX_PARTS = 256

DIGEST_OF_NONE = 0x6E6F6E65
DIGEST_OF_NAN = 0x6E616E

# Nine digits of a number with a fraction, and six of one in single precision.
FLOAT_FORMAT = "%.8e"
FLOAT_FORMATS = {"d": FLOAT_FORMAT, "f": "%.5e"}

Bytes = Union[bytes, bytearray, memoryview]


def digest(value: Any) -> int:
    """Returns the digest of a value, from 0 to 2^64 - 1."""
    kind = type(value)
    if value is None:
        return DIGEST_OF_NONE
    if kind is float:
        return DIGEST_OF_NAN if value != value else hash(float(FLOAT_FORMAT % value)) & MASK
    if kind is int or kind is bool:
        # The hash of a number does not depend on the process.
        return hash(value) & MASK
    state = blake2b(digest_size=8)
    _feed(state, value, [MAX_PARTS])
    return int.from_bytes(state.digest(), "little")


def _feed(state: blake2b, value: Any, left: list[int]) -> None:
    left[0] -= 1
    if left[0] < 0:
        return
    kind = type(value)
    if kind is float:
        state.update((FLOAT_FORMAT % value).encode())
    elif kind is complex:
        state.update(((FLOAT_FORMAT + FLOAT_FORMAT) % (value.real, value.imag)).encode())
    elif value is None or kind in (bool, int):
        state.update(repr(value).encode())
    elif kind is str:
        _feed_bytes(state, b"s", _ends_of_text(value).encode("utf-8", "surrogatepass"), len(value))
    elif kind in (bytes, bytearray):
        _feed_bytes(state, b"b", _ends(value), len(value))
    elif isinstance(value, (list, tuple)):
        state.update(b"l%d" % len(value))
        for part in value[:MAX_PARTS]:
            _feed(state, part, left)
    elif isinstance(value, dict):
        # Equal dictionaries may have been filled in different orders.
        _feed_unordered(state, b"d", value.items(), left)
    elif isinstance(value, (set, frozenset)):
        _feed_unordered(state, b"e", value, left)
    else:
        _feed_other(state, value, left)


def _ends_of_text(text: str) -> str:
    return text if len(text) <= 2 * MAX_END_BYTES else text[:MAX_END_BYTES] + text[-MAX_END_BYTES:]


def _ends(data: Bytes) -> Bytes:
    if len(data) <= 2 * MAX_END_BYTES:
        return data
    return bytes(data[:MAX_END_BYTES]) + bytes(data[-MAX_END_BYTES:])


def _feed_bytes(state: blake2b, kind: bytes, data: Bytes, length: int) -> None:
    state.update(b"%s%d:" % (kind, length))
    state.update(data)


def _feed_unordered(state: blake2b, kind: bytes, parts: Collection[Any], left: list[int]) -> None:
    state.update(b"%s%d" % (kind, len(parts)))
    if len(parts) > left[0]:
        # Which parts come first differs between processes.
        return
    total = 0
    for part in parts:
        one = blake2b(digest_size=8)
        _feed(one, part, left)
        total += int.from_bytes(one.digest(), "little")
    state.update((total & MASK).to_bytes(8, "little"))


def _feed_other(state: blake2b, value: Any, left: list[int]) -> None:
    """Feeds the bytes of an array, the attributes of an object, and only the type of anything else."""
    state.update(type(value).__qualname__.encode())
    try:
        data = memoryview(value).cast("B")
    except TypeError:
        _feed(state, getattr(value, "__dict__", None), left)
    else:
        _feed_buffer(state, data, memoryview(value).format)


def _feed_buffer(state: blake2b, data: memoryview[int], kind: str) -> None:
    """Feeds the bytes of an array, or the first digits of its numbers where they have fractions."""
    if kind not in FLOAT_FORMATS:
        _feed_bytes(state, b"m", _ends(data), len(data))
        return
    numbers: Any = data.cast(kind)  # type: ignore[call-overload]
    state.update(b"f%d:" % len(numbers))
    for number in numbers[:: max(1, len(numbers) // MAX_PARTS)]:
        state.update((FLOAT_FORMATS[kind] % number).encode())
