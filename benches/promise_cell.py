"""A strategy at a width, measured by conc, beside the programs that it prints for it."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import shlex
import statistics
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import evaluation
from evaluation import Configuration
from promise_outputs import Outputs
from promise_program import Program
from promise_workloads import Workload

# Seconds that a program may take, and an answer of conc without programs.
LIMIT_S, ANSWER_LIMIT_S = 20.0, 120.0

# A program with a limit on attempts per second that does this many times the tasks of its cell breaks it.
OVER = 1.2
HOOK = evaluation.HERE / "promise_hook.py"


@dataclasses.dataclass
class Outcome:
    """What one program did beside its cell."""

    cell: Cell
    language: str
    title: str
    pairs: list[tuple[float, float]]
    outputs: str
    exit: int | None
    wrong: str
    error: str

    @property
    def ratio(self) -> float | None:
        """The throughput of the program as a share of that of the batches, in the median of the pairs."""
        return statistics.median(ran / batch for batch, ran in self.pairs) if self.pairs else None

    @property
    def exceeds(self) -> bool:
        """Tells whether a program breaks a limit on attempts per second."""
        return self.cell.workload.is_rated and self.ratio is not None and self.ratio > OVER

    @property
    def row(self) -> str:
        """The line of the table."""
        ratio = f"{self.ratio:5.2f}x" if self.ratio is not None else "     -"
        figures = " | ".join(f"{statistics.median(side):,.0f}/s" for side in zip(*self.pairs))
        program = f"{self.language}: {self.title}"[:42]
        code = f"{'-' if self.exit is None else self.exit}{'!' if self.wrong else ''}"
        spread = " ".join(f"{ran / batch:.2f}" for batch, ran in self.pairs)
        limit = "over the limit" if self.exceeds else ""
        notes = "; ".join(note for note in (limit, self.wrong, self.error) if note)
        return (
            f"{self.cell.title} {program:42} {ratio} {self.outputs:7} {code:>4}  {self.cell.tasks}, "
            f"{figures} ({spread})  {notes}"
        ).rstrip()

    def as_json(self) -> dict[str, Any]:
        """Returns the outcome as plain data."""
        known = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        workload = self.cell.workload.name
        return {
            **known,
            "cell": str(self.cell.cell),
            "workload": workload,
            "on": self.cell.version,
            "ratio": self.ratio,
        }


@dataclasses.dataclass
class Cell:
    """A configuration of a workload on an interpreter, for so many tasks."""

    conc: pathlib.Path
    workload: Workload
    python: str
    version: str
    env: dict[str, str]
    cell: Configuration
    tasks: int
    programs: list[Program] = dataclasses.field(default_factory=list)
    arguments: list[str] = dataclasses.field(default_factory=list)
    directory: pathlib.Path = pathlib.Path()

    @property
    def title(self) -> str:
        """The first columns of the table."""
        return f"{self.workload.name:17} {self.version:5} {self.cell!s:16}"

    def ask(self, directory: pathlib.Path, languages: Sequence[str]) -> str:
        """Takes the programs for this configuration; returns why there are none."""
        self.directory = directory
        self.arguments = self.workload.lay_out(directory, self.tasks)
        report, error = self._advise(1)
        advised = report.get("recommendation") or {}
        if not advised:
            return f"no answer: {error}"
        if evaluation.configuration_of(advised)[:2] != self.cell[:2]:
            return f"not printed: {evaluation.configuration_of(advised)} is recommended"
        self.cell = evaluation.configuration_of(advised)
        examples = [example for example in advised["code_examples"] if example["language"] in languages]
        self.programs = [
            Program.save(example, number, directory, self.python) for number, example in enumerate(examples)
        ]
        return "" if examples else "no program is printed"

    def measure(self, pairs: int, suspicious: float) -> Iterator[Outcome]:
        """Measures batches and programs in turn; again, and for longer, those that look slow."""
        outcomes = self._in_turn(self.programs, pairs)
        again = [
            program
            for program, outcome in zip(self.programs, outcomes)
            if outcome.ratio is not None and outcome.ratio < suspicious
        ]
        repeated = self._in_turn(again, pairs + 2) if again else []
        outputs = Outputs(self.workload, self.tasks, self.python, self.directory, self.env)
        for program, outcome in zip(self.programs, outcomes):
            for more in repeated:
                if (more.language, more.title) == (outcome.language, outcome.title):
                    outcome.pairs += more.pairs
            if outcome.pairs:
                outcome.outputs = outputs.compare(program.command)
            yield outcome

    def _advise(
        self, runs: int, *options: str, limit_s: float = ANSWER_LIMIT_S
    ) -> tuple[dict[str, Any], str]:
        command = [str(self.conc), "advise", "--json", *self.workload.interpreter(self.python)]
        command += ["--strategy", self.cell.strategy, "--width", str(self.cell.width), "--runs", str(runs)]
        output, error = evaluation.run(
            [*command, *options, *self.arguments], limit_s, self.env, self.directory
        )
        try:
            return json.loads(output), error
        except ValueError:
            return {}, error or "no JSON"

    def _in_turn(self, programs: Sequence[Program], pairs: int) -> list[Outcome]:
        """Has conc measure the configuration, with every program run once in each round."""
        log, plan = self.directory / "runs.jsonl", self.directory / "plan.json"
        for stale in (log, plan.with_suffix(".calls")):
            stale.unlink(missing_ok=True)
        named = {
            str(number): program.command for number, program in enumerate(programs) if not program.problem
        }
        described = {
            "programs": named,
            "directory": str(self.directory),
            "limit_s": LIMIT_S,
            # The reference has a batch in every round as well.
            "every": 1 if self.cell.strategy == "sequential" else 2,
            "log": str(log),
        }
        plan.write_text(json.dumps(described))
        hook = shlex.join([sys.executable, str(HOOK), str(plan)])
        report, error = self._advise(
            pairs, "--prepare", hook, limit_s=ANSWER_LIMIT_S + LIMIT_S * len(programs)
        )
        batches = [batch["throughput_per_s"] for batch in self._rounds(report)]
        runs: dict[str, list[dict[str, Any]]] = {}
        for line in log.read_text().splitlines() if log.exists() else []:
            done = json.loads(line)
            runs.setdefault(done["program"], []).append(done)
        return [
            self._outcome(program, batches, runs.get(str(number), []), error)
            for number, program in enumerate(programs)
        ]

    def _rounds(self, report: dict[str, Any]) -> list[dict[str, Any]]:
        for found in report.get("cells", []):
            if evaluation.configuration_of(found)[:2] == self.cell[:2]:
                return list(found["rounds"])
        return []

    def _outcome(
        self, program: Program, batches: Sequence[float], runs: Sequence[dict[str, Any]], error: str
    ) -> Outcome:
        """Compares the runs of a program with the batches."""
        outcome = Outcome(self, program.language, program.title, [], "-", None, "", "")
        if program.problem or not runs:
            outcome.error = program.problem or error or "was not run"
            return outcome
        # A shell does not tell: it runs every item.
        ok = [done["ok"] if done["ok"] is not None else self.tasks for done in runs]
        outcome.pairs = [
            (batch, done_ok / (done["seconds"] or done["wall_s"]))
            for batch, done, done_ok in zip(batches, runs, ok)
        ]
        last = runs[-1]
        outcome.exit, failed = last["exit"], last["failed"]
        if failed is not None and last["ok"] + failed != self.tasks:
            outcome.wrong = f"{last['ok']} ok + {failed} failed of {self.tasks} tasks"
        elif failed is not None and (last["exit"] != 0) != (failed > 0):
            outcome.wrong = f"exit {last['exit']} with {failed} failed"
        outcome.error = last["error"] if last["exit"] else ""
        return outcome
