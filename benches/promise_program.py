"""A printed program, saved so that it can be run."""

from __future__ import annotations

import dataclasses
import pathlib
import re

# Programs print hundredths of a second; the evaluation needs more digits.
COARSE = ((re.compile(r":\.\d+f\} s"), ":.6f} s"), (re.compile(r":\.\d\?\}"), ":.6?}"))
ENDINGS = {"python": "py", "rust": "rs", "shell": "sh"}


@dataclasses.dataclass
class Program:
    """A program of an answer: its language, title, source, and the command that runs it."""

    language: str
    title: str
    code: str
    command: list[str]
    problem: str = ""

    @classmethod
    def save(cls, example: dict[str, str], number: int, directory: pathlib.Path, python: str) -> Program:
        """Saves a program next to the files of its workload."""
        code = example["code"]
        for coarse, fine in COARSE:
            code = coarse.sub(fine, code)
        file = directory / f"program{number}.{ENDINGS[example['language']]}"
        file.write_text(code)
        command = {"python": [python, file.name], "shell": ["sh", file.name]}.get(example["language"], [])
        return cls(example["language"], example["title"], code, command)
