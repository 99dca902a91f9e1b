"""Text of the user's objects, which may say anything, or raise an exception of their own."""

from __future__ import annotations

import json
from typing import Any

# What stands for a half of a pair of UTF-16, which no other program takes for a character.
REPLACEMENT = "\ufffd"

NO_TEXT = "(the exception has no text)"
NO_REPRESENTATION = "(the value has no representation)"


# Made once: a message is sent for every item of a run.
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False)


def text_of(error: BaseException) -> str:
    """Returns what an exception says; `__str__` of a class of the user may do anything."""
    try:
        return str(error)
    except BaseException:
        return NO_TEXT


def representation_of(value: Any) -> str:
    """Returns a value as Python writes it; `__repr__` of a class of the user may do anything."""
    try:
        return repr(value)
    except BaseException:
        return NO_REPRESENTATION


def encoded(message: Any) -> bytes:
    """Returns a message as a line of JSON that every reader accepts: the one encoder of the protocol.

    Python has strings that are no Unicode (PEP 383), and numbers that JSON does not have.
    """
    try:
        text = _ENCODER.encode(message)
    except ValueError:
        text = _ENCODER.encode(_without_nan(message))
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = "".join(REPLACEMENT if "\ud800" <= c <= "\udfff" else c for c in text).encode()
    return data + b"\n"


def _without_nan(value: Any) -> Any:
    """Returns the value with None for every number that is not finite."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: _without_nan(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(part) for part in value]
    return value
