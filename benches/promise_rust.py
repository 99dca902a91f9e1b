"""A cargo project with a binary for every printed Rust program, kept in the target directory."""

from __future__ import annotations

import pathlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence

from promise_program import Program

MANIFEST = """[package]
name = "promised"
version = "0.0.0"
edition = "2024"

[dependencies]
rayon = "1"
tokio = { version = "1", features = ["full"] }

[workspace]
"""


class RustProject:
    """The project below the root of conc, built against the versions that conc is locked to."""

    def __init__(self, root: pathlib.Path) -> None:
        self.place = root / "target" / "promised"
        self.root = root

    def build(self, programs: Sequence[Program]) -> None:
        """Builds every Rust program in a release build; a program that does not compile keeps its error."""
        programs = [program for program in programs if program.language == "rust"]
        if not programs:
            return
        bins = self.place / "src" / "bin"
        shutil.rmtree(bins, ignore_errors=True)
        bins.mkdir(parents=True)
        (self.place / "Cargo.toml").write_text(MANIFEST)
        if not (self.place / "Cargo.lock").exists():
            shutil.copy(self.root / "Cargo.lock", self.place / "Cargo.lock")
        names: dict[str, str] = {}
        for program in programs:
            name = names.setdefault(program.code, f"program{len(names)}")
            (bins / f"{name}.rs").write_text(program.code)
            program.command = [str(self.place / "target" / "release" / name)]
        errors = self._cargo("--offline")
        if errors and "error[" not in errors:
            errors = self._cargo()
        for program in programs:
            name = names[program.code]
            if not pathlib.Path(program.command[0]).exists() or f'bin "{name}"' in errors:
                found = re.search(rf"error.*\n *--> src/bin/{name}\.rs.*", errors)
                program.problem = "does not compile: " + (
                    found[0].splitlines()[0] if found else errors[-200:]
                )
        if errors:
            print(errors[-2000:], file=sys.stderr)

    def _cargo(self, *options: str) -> str:
        """Returns the errors of a build, empty if there were none."""
        command = ["cargo", "build", "--release", "--quiet", "--keep-going", *options]
        command += ["--target-dir", str(self.place / "target")]
        done = subprocess.run(command, cwd=self.place, capture_output=True, text=True, check=False)
        return done.stderr if done.returncode else ""
