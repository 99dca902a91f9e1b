"""Tells of an old name, as libraries do."""

import warnings


def old(item):
    warnings.warn("old() is now new()", DeprecationWarning, stacklevel=2)
    return item


def fetch(item):
    return old(item)
