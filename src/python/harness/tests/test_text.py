"""Text of the user's objects, and the encoder of the protocol."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from conc_harness.errors import code_of, describe, is_about_pickling
from conc_harness.serving import MAX_VALUE_CHARACTERS, shown
from conc_harness.text import NO_REPRESENTATION, NO_TEXT, encoded, representation_of, text_of


class RaisesError(Exception):
    def __str__(self) -> str:
        raise ValueError("never shown")

    __repr__ = __str__


class ExitsError(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class NumberError(Exception):
    def __str__(self) -> Any:
        return 5


@pytest.mark.parametrize("error", [RaisesError(), ExitsError(), NumberError()])
def test_an_exception_without_text_is_described(error: BaseException) -> None:
    assert text_of(error) == NO_TEXT
    code, message = describe(error)
    assert code == code_of(error) == "E-PYTHON-004"
    assert message == f"{type(error).__name__}: {NO_TEXT}"
    assert not is_about_pickling(error)


def test_a_value_without_a_representation_is_shown() -> None:
    value = RaisesError()
    assert representation_of(value) == NO_REPRESENTATION
    assert shown({"key": value}) == {"repr": NO_REPRESENTATION}
    # Python refuses to write such a number in decimal digits since 3.11.
    assert shown(10**5000) in ({"repr": NO_REPRESENTATION}, {"value": 10**5000})


def test_a_value_that_is_too_long_is_a_failure() -> None:
    outcome = shown("x" * (MAX_VALUE_CHARACTERS + 1))
    assert outcome["code"] == "E-PYTHON-004" and str(MAX_VALUE_CHARACTERS) in outcome["message"]


def is_scalar(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def test_every_message_is_a_line_that_every_reader_accepts() -> None:
    draw = random.Random(7)
    kinds = [(0, 0x80), (0x80, 0x800), (0xD7F0, 0xE010), (0xFFF0, 0x1_0010), (0x10_FFF0, 0x11_0000)]
    for _ in range(2000):
        text = "".join(chr(draw.randrange(*draw.choice(kinds))) for _ in range(draw.randrange(12)))
        line = encoded({"event": "done", "message": text, text: [text, 1.5, None]})
        assert line.count(b"\n") == 1 and line.endswith(b"\n")
        # Strict decoding refuses surrogates, as the other side does.
        message = json.loads(line.decode("utf-8"))
        assert is_scalar(message["message"]) and len(message["message"]) == len(text)
        if is_scalar(text):
            assert message["message"] == text


def test_numbers_that_json_does_not_have_are_nothing() -> None:
    message = {"a": float("nan"), "b": [float("inf"), 1.0, (float("-inf"),)]}
    assert json.loads(encoded(message)) == {"a": None, "b": [None, 1.0, [None]]}
