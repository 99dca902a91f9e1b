"""Compares the versions of client, scheduler and workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import CodedError
from ..requests import JsonObject

# Packages that take part in every message.
COMPARED = ("python", "distributed", "dask", "cloudpickle", "msgpack")

MISMATCH = "E-ENGINE-003"


def differences(found: Mapping[str, Any]) -> list[JsonObject]:
    """Returns the packages of which not all have the same version, from `Client.get_versions()`."""
    client, scheduler = _packages(found.get("client")), _packages(found.get("scheduler"))
    workers = [_packages(worker) for worker in (found.get("workers") or {}).values()]
    different = []
    for name in COMPARED:
        of_workers = _sorted(worker.get(name) for worker in workers)
        if len({client.get(name) or "", scheduler.get(name) or "", *of_workers}) > 1:
            row = {"client": client.get(name), "scheduler": scheduler.get(name), "workers": of_workers}
            different.append({"package": name, **row})
    return different


def refuse_other_python(different: Iterable[JsonObject]) -> None:
    """Raises CodedError if functions of the client cannot be read by the scheduler or the workers."""
    for row in different:
        if row["package"] != "python":
            continue
        mine = _minor(row["client"])
        sides = [("scheduler", row["scheduler"]), *(("workers", version) for version in row["workers"])]
        others = [(side, version) for side, version in sides if version and _minor(version) != mine]
        if others:
            side, version = others[0]
            message = (
                f"Python {_release(version)} runs the {side}, {_release(row['client'])} the client: "
                "functions cannot be sent between them; "
                f"use --python with an interpreter of {_minor(version)}"
            )
            raise CodedError(MISMATCH, message)


def _packages(side: Any) -> Mapping[str, Any]:
    packages: Mapping[str, Any] = (side or {}).get("packages") or {}
    return packages


def _sorted(versions: Iterable[Any]) -> list[str]:
    return sorted({str(version) for version in versions if version is not None})


def _minor(version: Any) -> str:
    return ".".join(str(version).split(".")[:2])


def _release(version: Any) -> str:
    return ".".join(str(version).split(".")[:3])
