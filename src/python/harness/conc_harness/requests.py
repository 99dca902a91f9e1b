"""Requests from conc. `src/python/protocol/request.rs` is the other side of this file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Union

JsonObject = dict[str, Any]


class ProtocolError(Exception):
    """A request that the two halves of conc do not agree on."""


@dataclass(frozen=True)
class CallableSpec:
    """A callable to load: from `file`, if it is set, else by the name of its module."""

    file: str | None
    module: str
    callable: str
    async_callable: str | None


@dataclass(frozen=True)
class RequestHeader:
    """The part that all requests share."""

    steps: tuple[CallableSpec, ...]
    # The user's module provides the items.
    own_items: bool
    # The number of items to take of those that the module provides; None takes all.
    most_items: int | None
    import_limit_s: float


@dataclass(frozen=True)
class TaskList:
    """The tasks by number, in the order in which they run, and their items where these are strings."""

    numbers: list[int]
    items: list[str] | None


@dataclass(frozen=True)
class RetryPolicy:
    """Retries after the first attempt; `backoff` is "constant" or "exponential"."""

    max_retries: int
    backoff: str
    base_s: float
    seed: int


@dataclass(frozen=True)
class RateLimit:
    """A limit on attempts, shared by all processes of a batch through `bucket_file`."""

    per_s: float
    limited_steps: tuple[bool, ...]
    bucket_file: str


@dataclass(frozen=True)
class TaskLimits:
    """The limits of a workload; None means no limit."""

    timeout_s: float | None
    retry: RetryPolicy | None
    rate: RateLimit | None


@dataclass(frozen=True)
class ResultsFileSpec:
    """The results file to create, and its dimensions."""

    path: str
    tasks: int
    slots: int


@dataclass(frozen=True)
class InspectRequest:
    """Describe the callables; a process that `stays` then forks a child for each batch, if that is safe."""

    header: RequestHeader
    stays: bool


@dataclass(frozen=True)
class CheckRequest:
    """Run each task under observation; a task that takes longer than `give_up_after_s` hangs."""

    header: RequestHeader
    tasks: TaskList
    limits: TaskLimits
    give_up_after_s: float


@dataclass(frozen=True)
class ProfileRequest:
    """Run tasks one after another and measure their steps, then in several threads if `in_threads`."""

    header: RequestHeader
    tasks: TaskList
    limits: TaskLimits
    results_file: ResultsFileSpec
    # The profile ends before the time limit where more tasks would not change it.
    ends_early: bool
    stop_starting_after_s: float
    give_up_after_s: float
    skipped_numbers: frozenset[int]
    in_threads: bool


@dataclass(frozen=True)
class StageRequest:
    """The workers of one step; `kind` is "loop", "thread" or "process"."""

    workers: int
    kind: str


@dataclass(frozen=True)
class PipelineRequest:
    """A stage for each step, the bound of the queues between them, and the step that keeps the order."""

    stages: tuple[StageRequest, ...]
    queue: int
    ordered: int | None

    def in_flight(self) -> int:
        """Returns the largest number of tasks that have begun and not ended."""
        return sum(stage.workers for stage in self.stages) + self.queue * (len(self.stages) - 1)


@dataclass(frozen=True)
class BatchRequest:
    """Run tasks under a strategy; `cpu_steps` and `task_s` are None until a profile is known."""

    header: RequestHeader
    tasks: TaskList
    limits: TaskLimits
    results_file: ResultsFileSpec
    stop_starting_after_s: float
    give_up_after_s: float
    strategy: str
    width: int
    processes: int
    cpu_steps: tuple[bool, ...] | None
    task_s: float | None
    # The stages of a pipeline; None for other strategies.
    pipeline: PipelineRequest | None


@dataclass(frozen=True)
class StartUpRequest:
    """Start workers with a start method of `multiprocessing`; None means that of the interpreter."""

    batch: BatchRequest
    start_method: str | None

    @property
    def header(self) -> RequestHeader:
        """Returns the part that all requests share."""
        return self.batch.header


@dataclass(frozen=True)
class ServeRequest:
    """Run items as they come; the strategy says how those of this process overlap."""

    header: RequestHeader
    strategy: str

    @property
    def limits(self) -> TaskLimits:
        """Returns no limits: conc retries, limits the rate and gives up on items itself."""
        return TaskLimits(None, None, None)


@dataclass(frozen=True)
class ClusterRequest:
    """Send chunks of items to a cluster of dask.distributed, or start one here if there is no address."""

    header: RequestHeader
    address: str | None
    # Worker processes of a cluster that is started here.
    workers: int
    # The request that serves items on a worker; None for commands.
    serve: JsonObject | None
    # The directory in which commands run.
    directory: str
    # The directory for files of a cluster that is started here.
    scratch: str


JobRequest = Union[ProfileRequest, BatchRequest]
ListRequest = Union[CheckRequest, ProfileRequest, BatchRequest]
TaskRequest = Union[ListRequest, ServeRequest]
OneRequest = Union[InspectRequest, CheckRequest, StartUpRequest, ClusterRequest]
Request = Union[OneRequest, ProfileRequest, BatchRequest, ServeRequest]


def parse_request(message: JsonObject) -> Request:
    """Returns the request in a message; raises ProtocolError if a field is missing or unknown."""
    fields = dict(message)
    role = fields.pop("role", None)
    if role not in _PARSERS:
        raise ProtocolError(f"unknown role {role!r} in a request")
    try:
        return _PARSERS[role](fields)
    except (KeyError, TypeError) as error:
        raise ProtocolError(f"malformed {role} request: {error}") from None


def parse_batch(fields: JsonObject) -> BatchRequest:
    """Returns the batch request with these fields, such as `dataclasses.asdict` gives."""
    cpu_steps, pipeline = fields["cpu_steps"], fields["pipeline"]
    known = {
        **_common(fields),
        "cpu_steps": None if cpu_steps is None else tuple(cpu_steps),
        "pipeline": None if pipeline is None else _pipeline(pipeline),
    }
    return BatchRequest(**known)


def _pipeline(fields: JsonObject) -> PipelineRequest:
    stages = tuple(StageRequest(**stage) for stage in fields["stages"])
    return PipelineRequest(**{**fields, "stages": stages})


def _parse_start_up(fields: JsonObject) -> StartUpRequest:
    batch = {name: value for name, value in fields.items() if name != "start_method"}
    return StartUpRequest(parse_batch(batch), fields["start_method"])


def _parse_inspect(fields: JsonObject) -> InspectRequest:
    return InspectRequest(**{**fields, "header": _header(fields["header"])})


def _parse_serve(fields: JsonObject) -> ServeRequest:
    return ServeRequest(**{**fields, "header": _header(fields["header"])})


def _parse_cluster(fields: JsonObject) -> ClusterRequest:
    return ClusterRequest(**{**fields, "header": _header(fields["header"])})


def _parse_check(fields: JsonObject) -> CheckRequest:
    return CheckRequest(**_task_fields(fields))


def _parse_profile(fields: JsonObject) -> ProfileRequest:
    return ProfileRequest(**{**_common(fields), "skipped_numbers": frozenset(fields["skipped_numbers"])})


def _common(fields: JsonObject) -> JsonObject:
    return {**_task_fields(fields), "results_file": ResultsFileSpec(**fields["results_file"])}


def _task_fields(fields: JsonObject) -> JsonObject:
    known = {"header": _header(fields["header"]), "tasks": TaskList(**fields["tasks"])}
    return {**fields, **known, "limits": _limits(fields["limits"])}


def _header(fields: JsonObject) -> RequestHeader:
    return RequestHeader(**{**fields, "steps": tuple(CallableSpec(**step) for step in fields["steps"])})


def _limits(fields: JsonObject) -> TaskLimits:
    retry, rate = fields["retry"], fields["rate"]
    known = {
        "retry": None if retry is None else RetryPolicy(**retry),
        "rate": None
        if rate is None
        else RateLimit(**{**rate, "limited_steps": tuple(rate["limited_steps"])}),
    }
    return TaskLimits(**{**fields, **known})


_PARSERS: dict[str, Callable[[JsonObject], Request]] = {
    "inspect": _parse_inspect,
    "check": _parse_check,
    "profile": _parse_profile,
    "batch": parse_batch,
    "startup": _parse_start_up,
    "serve": _parse_serve,
    "cluster": _parse_cluster,
}
