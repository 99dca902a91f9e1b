from __future__ import annotations

import json
import pickle
from dataclasses import asdict

import pytest

from conc_harness.requests import ProtocolError, RateLimit, parse_batch, parse_request

from .helpers import ModuleMaker, parsed_batch


def test_a_batch_request_is_parsed_into_types(module: ModuleMaker) -> None:
    rate = {"per_s": 5.0, "limited_steps": [True], "bucket_file": "bucket"}
    batch = parsed_batch(
        {**module("").batch("threads", "f", tasks=3, width=2, rate=rate), "cpu_steps": [False]}
    )
    assert (batch.strategy, batch.width, batch.results_file.tasks) == ("threads", 2, 3)
    assert batch.header.steps[0].callable == "f"
    assert batch.cpu_steps == (False,) and batch.task_s is None
    assert batch.limits.rate == RateLimit(5.0, (True,), "bucket")


def test_a_batch_request_survives_the_way_to_workers(module: ModuleMaker) -> None:
    batch = parsed_batch(module("").batch("processes", "f"))
    assert pickle.loads(pickle.dumps(batch)) == batch
    assert parse_batch(json.loads(json.dumps(asdict(batch)))) == batch


def test_a_field_that_is_missing_or_unknown_is_an_error(module: ModuleMaker) -> None:
    request = module("").batch("threads", "f")
    with pytest.raises(ProtocolError, match=r"malformed batch request.*another"):
        parse_request({**request, "another": 1})
    without_limits = {name: value for name, value in request.items() if name != "limits"}
    with pytest.raises(ProtocolError, match=r"malformed batch request.*limits"):
        parse_request(without_limits)
    with pytest.raises(ProtocolError, match="unknown role 'dance'"):
        parse_request({**request, "role": "dance"})
