"""Multiplies matrices, which releases the GIL."""
# needs numpy

import numpy

LEFT = numpy.random.default_rng(1).random((120, 120))


def fetch(item):
    return float((LEFT @ LEFT.T + item).trace())
