from __future__ import annotations

from array import array

from conc_harness.digest import digest


def test_the_order_of_a_summation_does_not_matter() -> None:
    one, other = 0.1 + 0.2 + 0.3, 0.3 + 0.2 + 0.1
    assert one != other
    assert digest(one) == digest(other)
    assert digest([one, "x"]) == digest([other, "x"])
    assert digest({"sum": one}) == digest({"sum": other})
    assert digest(array("d", [one] * 5)) == digest(array("d", [other] * 5))
    assert digest(complex(one, 1)) == digest(complex(other, 1))


def test_other_numbers_are_other_outputs() -> None:
    assert digest(0.6) != digest(0.6001)
    assert digest([0.6]) != digest([0.6001])
    assert digest(array("d", [0.6] * 5)) != digest(array("d", [0.6] * 4 + [0.7]))
    assert digest(array("f", [0.6])) != digest(array("d", [0.6]))
    assert digest(array("q", [6])) != digest(array("q", [7]))
    assert digest(2**60) != digest(2**60 + 1)


def test_what_is_no_number_is_an_output_too() -> None:
    assert digest(float("nan")) == digest(float("inf") - float("inf"))
    assert digest(float("inf")) != digest(float("-inf"))
    assert digest([float("nan")]) == digest([float("inf") - float("inf")])


def test_the_order_of_a_dictionary_does_not_matter() -> None:
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1, "b": 2}) != digest({"a": 2, "b": 1})
