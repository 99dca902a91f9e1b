"""A module of the user, a fake channel, and requests as conc sends them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from conc_harness.requests import BatchRequest, JsonObject, parse_request
from conc_harness.results_file import ResultsFile
from conc_harness.serve import serve

# Longer than any request of these tests takes on the busiest machine.
LONG_S = 120.0


class FakeChannel:
    """Gives one request and records the answers."""

    def __init__(self, request: JsonObject | None) -> None:
        self._request = request
        self.sent: list[JsonObject] = []
        self.waited = False

    def receive(self) -> JsonObject | None:
        request, self._request = self._request, None
        return request

    def send(self, event: str, **message: Any) -> None:
        assert not self.waited, "nothing is sent after the end"
        self.sent.append({"event": event, **message})

    def wait_for_end(self) -> None:
        self.waited = True

    def events(self) -> list[str]:
        return [message["event"] for message in self.sent]


class UserModule:
    """A module in a directory of its own, and requests about its callables."""

    def __init__(self, directory: Path, source: str) -> None:
        self.directory = directory
        # A name of its own, because a module stays imported.
        self.file = directory / f"tasks_{abs(hash(str(directory)))}.py"
        self.file.write_text(source)
        self.results = str(directory / "results")

    def header(self, *callables: str, own_items: bool = False) -> JsonObject:
        steps = [
            {"file": str(self.file), "module": self.file.stem, "callable": name, "async_callable": None}
            for name in callables
        ]
        return {"steps": steps, "own_items": own_items, "most_items": None, "import_limit_s": LONG_S}

    def inspect(self, *callables: str, own_items: bool = False) -> JsonObject:
        header = self.header(*callables, own_items=own_items)
        return {"role": "inspect", "header": header, "stays": False}

    def job(self, *callables: str, tasks: int, slots: int = 1, **limits: Any) -> JsonObject:
        return {
            "header": self.header(*callables),
            "tasks": {"numbers": list(range(tasks)), "items": None},
            "limits": {"timeout_s": None, "retry": None, "rate": None, **limits},
            "results_file": {"path": self.results, "tasks": tasks, "slots": slots},
            "stop_starting_after_s": LONG_S,
            "give_up_after_s": LONG_S,
        }

    def batch(
        self, strategy: str, *callables: str, tasks: int = 4, width: int = 2, **fields: Any
    ) -> JsonObject:
        return {
            "role": "batch",
            **self.job(*callables, tasks=tasks, slots=width, **fields),
            "strategy": strategy,
            "width": width,
            "processes": 1,
            "cpu_steps": None,
            "task_s": None,
            "pipeline": None,
        }

    def check(self, *callables: str, tasks: int = 2) -> JsonObject:
        return {
            "role": "check",
            "header": self.header(*callables),
            "tasks": {"numbers": list(range(tasks)), "items": None},
            "limits": {"timeout_s": None, "retry": None, "rate": None},
            "give_up_after_s": LONG_S,
        }

    def open_results(self, request: JsonObject) -> ResultsFile:
        file = request["results_file"]
        return ResultsFile.open(file["path"], file["tasks"], file["slots"])


ModuleMaker = Callable[[str], UserModule]


def answer(request: JsonObject) -> FakeChannel:
    """Serves one request and returns the channel with the answers."""
    channel = FakeChannel(request)
    assert serve(channel) is False, "no thread is stuck"
    assert channel.waited
    return channel


def done(request: JsonObject) -> JsonObject:
    """Serves a request that succeeds and returns its report."""
    channel = answer(request)
    assert channel.events()[-1] == "done", channel.sent
    return channel.sent[-1]


def parsed_batch(request: JsonObject) -> BatchRequest:
    parsed = parse_request(request)
    assert isinstance(parsed, BatchRequest)
    return parsed
