"""Tells the user's code from the standard library and from installed packages."""

from __future__ import annotations

import os
import sysconfig

_NOT_OF_USER = (sysconfig.get_paths()["stdlib"] + os.sep, os.path.dirname(os.path.abspath(__file__)) + os.sep)


def is_of_user(file: str | None) -> bool:
    """Tells whether a file belongs neither to the standard library, nor to a package, nor to conc."""
    if not file or file.startswith("<"):
        return False
    file = os.path.abspath(file)
    if "site-packages" in file or "dist-packages" in file:
        return False
    return not file.startswith(_NOT_OF_USER)
