"""Makes the option `-n` of pytest-xdist accept `conc`."""

from typing import Any, Callable

NAME = "conc"


class ConcWidth(str):
    """The value of `-n conc`.

    It equals `auto`, for which pytest-xdist asks `pytest_xdist_auto_num_workers`, and its class tells the two
    apart.
    """

    __slots__ = ()


def accept(parser: Any, plugin: Any) -> None:
    """Makes the option of a plugin accept `conc` if the plugin is pytest-xdist.

    It has no hook for that. Depending on the order in which plugins are loaded, its option exists already,
    or is made with the function of its module.
    """
    if getattr(plugin, "__name__", "") != "xdist.plugin":
        return
    plugin.parse_numprocesses = _accepting(plugin.parse_numprocesses)
    for group in parser._groups:
        for option in group.options:
            if "--numprocesses" in option.names():
                _set_type(option, plugin.parse_numprocesses)


def _accepting(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    if getattr(parse, "accepts_conc", False):
        return parse

    def parse_numprocesses(value: str) -> Any:
        return ConcWidth("auto") if value == NAME else parse(value)

    parse_numprocesses.accepts_conc = True  # type: ignore[attr-defined]
    return parse_numprocesses


def _set_type(option: Any, parse: Callable[[str], Any]) -> None:
    # Up to pytest 8 an option holds the attributes of the argument; later it holds the argument.
    attributes = getattr(option, "_attrs", None)
    if attributes is not None:
        attributes["type"] = parse
    else:
        option._action.type = parse
