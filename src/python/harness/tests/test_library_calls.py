from __future__ import annotations

import pytest

from .helpers import ModuleMaker, done

CALLS = """
import functools
import hashlib
import json as j
import xml.etree.ElementTree as E
from zlib import compress

def by_module(item):
    return j.loads("1")

def by_package(item):
    return E.fromstring("<a/>")

def by_name(item):
    return compress(b"a")

def helper(item):
    return [hashlib.sha256(b"a") for _ in range(3)]

def indirect(item):
    return helper(item)

bound = functools.partial(helper)

def own(item):
    return item.upper()

def of_two(item):
    return j.dumps(1), hashlib.md5
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("by_module", ["json.loads"]),
        ("by_package", ["xml.etree.ElementTree.fromstring"]),
        ("by_name", ["zlib.compress"]),
        ("indirect", ["hashlib.sha256"]),
        ("bound", ["hashlib.sha256"]),
        ("own", []),
        ("of_two", ["hashlib.md5", "json.dumps"]),
    ],
)
def test_the_library_functions_that_a_callable_names_are_found(
    module: ModuleMaker, name: str, expected: list[str]
) -> None:
    found = done(module(CALLS).inspect(name))["library_calls"]
    assert [call["name"] for call in found] == expected
