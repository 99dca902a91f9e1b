"""Whole runs of pytest with the plugin, as a user starts them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WHEEL = Path(__file__).parent.parent

SUITE = """
import time
import pytest

@pytest.mark.parametrize("i", range(24))
def test_wait(i):
    time.sleep(0.25)

def test_compute():
    end = time.process_time() + 0.2
    while time.process_time() < end:
        pass

def test_memory():
    assert len(bytearray(b"x") * (64 << 20)) > 0
"""


def run(folder: Path, *arguments: str) -> str:
    variables = {**os.environ, "PYTHONPATH": str(WHEEL), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    plugins = ["-p", "xdist.plugin", "-p", "conc_pytest.plugin"]
    command = [sys.executable, "-m", "pytest", *plugins, *arguments]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "test_suite.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def cached(folder: Path) -> dict[str, object]:
    value = json.loads((folder / ".pytest_cache/v/conc/last_run").read_text())
    (selection,) = value["selections"].values()
    return dict(selection)


def test_the_second_run_uses_what_the_first_one_measured(suite: Path) -> None:
    first = run(suite, "-n", "conc")
    assert "a first run" in first and "26 passed" in first
    tests = cached(suite)["tests"]
    assert isinstance(tests, dict) and len(tests) == 26
    alone_s, cpu_s, peak_bytes = tests["test_suite.py::test_wait[3]"]
    # Its sleep of 0.25 s, without the time in which it stood in the queue for a CPU after it.
    assert alone_s >= 0.2 and cpu_s < 0.2 and peak_bytes > 10 << 20
    assert tests["test_suite.py::test_compute"][1] >= 0.2
    assert tests["test_suite.py::test_memory"][2] >= peak_bytes + (48 << 20)
    second = run(suite, "-n", "conc", "--maxprocesses", "6")
    assert "26 tests computed for" in second and "26 passed" in second
    runs = cached(suite)["runs"]
    assert (
        isinstance(runs, list) and [set(of) for of in runs] == [{"workers", "predicted_s", "elapsed_s"}] * 2
    )
    assert 2 < runs[1]["workers"] <= 6, "tests that wait get more workers than CPUs, up to the limit"
    assert f"conc: {runs[1]['workers']} workers" in second


def test_without_workers_the_tests_are_measured_too(tmp_path: Path) -> None:
    (tmp_path / "test_tiny.py").write_text("def test_a():\n    pass\n\ndef test_b():\n    pass\n")
    for _ in range(2):
        out = run(tmp_path, "-n", "conc")
    assert "conc: no workers: 2 tests computed for" in out and "2 passed" in out
    runs = cached(tmp_path)["runs"]
    assert isinstance(runs, list) and [of["workers"] for of in runs][-1] == 0
    # A run with another selection, or without a cache, is a first one.
    assert "a first run" in run(tmp_path, "-n", "conc", "-k", "test_a")
    assert "a first run" in run(tmp_path, "-n", "conc", "-p", "no:cacheprovider")


def test_nothing_is_measured_unless_it_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "test_tiny.py").write_text("def test_a():\n    pass\n")
    for arguments in [[], ["-n", "2"]]:
        assert "conc:" not in run(tmp_path, *arguments)
    assert not (tmp_path / ".pytest_cache/v/conc").exists()
