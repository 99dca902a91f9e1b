from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from conc_harness import errors, user_code
from conc_harness.user_code import innermost_package, is_of_user, package_of


def installed(tmp_path: Path, directory: str, text: str) -> Path:
    package = tmp_path / directory / "library"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(text)
    return package / "__init__.py"


@pytest.mark.parametrize(
    ("file", "is_own", "package"),
    [
        ("/srv/tasks.py", True, None),
        ("/srv/bootstrap.py", True, None),
        ("/srv/venv/lib/python3.11/site-packages/requests/api.py", False, "requests"),
        ("/usr/lib/python3/dist-packages/yaml.py", False, "yaml"),
        (json.__file__, False, "json"),
        (user_code.__file__, False, None),
        (str(Path(user_code.__file__).parent.parent / "bootstrap.py"), False, None),
        (str(Path(user_code.__file__).parent.parent / "results-4_main.py"), False, None),
        ("<frozen importlib._bootstrap>", False, None),
        ("<string>", False, None),
        ("", False, None),
        ("src/gevent/_gevent_c_greenlet_primitives.pxd", False, None),
    ],
)
def test_every_file_has_an_owner(file: str, is_own: bool, package: str | None) -> None:
    assert is_of_user(file) is is_own
    if file:
        assert package_of(file) == package or not Path(file).is_absolute()


def test_what_pip_installs_into_a_directory_is_no_code_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = installed(tmp_path, "deps", "")
    info = tmp_path / "deps" / "library-1.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("library/__init__.py,,\nlibrary-1.0.dist-info/RECORD,,\n")
    monkeypatch.syspath_prepend(str(tmp_path / "deps"))
    assert not is_of_user(str(file)) and package_of(str(file)) == "library"
    # A file of the user beside it.
    assert is_of_user(str(tmp_path / "deps" / "tasks.py"))


def test_the_innermost_installed_package_is_named_before_the_library() -> None:
    package = "/x/site-packages/requests/api.py"
    assert innermost_package([json.__file__, package, "/srv/t.py"]) == "requests"
    assert innermost_package([json.__file__, "/srv/t.py"]) == "json"
    assert innermost_package([json.__file__], with_library=False) is None


def raised_by(call: str, names: dict[str, object]) -> str:
    try:
        exec(compile(call, "<string>", "exec"), names)
    except Exception as error:
        # Without the line of this function.
        assert error.__traceback__ is not None
        error.__traceback__ = error.__traceback__.tb_next
        return errors.message_of(error)
    raise AssertionError("nothing was raised")


def test_an_exception_is_placed_at_the_users_line_or_in_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path, "site-packages", "def fail(): raise ValueError('no')\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    import library  # type: ignore[import-not-found]

    try:
        assert raised_by("library.fail()", {"library": library}) == "ValueError: no (in library)"
        own = tmp_path / "own.py"
        own.write_text("import library\ndef f():\n    library.fail()\n")
        monkeypatch.syspath_prepend(str(tmp_path))
        import own as users  # type: ignore[import-not-found]

        assert raised_by("users.f()", {"users": users}) == "ValueError: no (own.py:3)"
    finally:
        sys.modules.pop("library", None)
        sys.modules.pop("own", None)
    message = raised_by("json.loads('{')", {"json": json})
    assert message.endswith("(in json)"), message
