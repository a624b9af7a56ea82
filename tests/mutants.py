"""Turn around one line after the other, and see that a test fails: the lines that decide who may see what, and others.

    python tests/mutants.py                    all of tests/mutants.toml
    python tests/mutants.py splits release     those whose file, or what they do, has one of these words

A test run does not collect it. Each change is made in a copy of the sources; what has to fail is the tests that stand
beside it. They run in a process that has imported the heavy packages already, so that a change costs a few seconds. The
status is 0 when every change was found.
"""

import importlib
import os
import shutil
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# what most tests import; nothing of this project, which comes from the copy
_HEAVY = (
    "hydra", "hypothesis", "jaxtyping", "lightning", "numba", "optuna", "polars", "pytest", "rich.table",
    "scipy.sparse", "scipy.stats", "torch", "torchmetrics",
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A change that a test has to find.

    Args:
        file: that is changed.
        what: the change does, in a few words.
        old: text that the file has once.
        new: text in its place.
        tests: files or tests of which one has to fail.
    """

    file: str
    what: str
    old: str
    new: str
    tests: list[str]


def read_mutants(words: Sequence[str]) -> list[Mutant]:
    """Return the changes whose file or description has one of the words; all without words."""
    rows = tomllib.loads((ROOT / "tests" / "mutants.toml").read_text())["mutant"]
    mutants = [Mutant(**row) for row in rows]
    return [one for one in mutants if not words or any(word in f"{one.file} {one.what}" for word in words)]


def run_tests(copy: Path, tests: Sequence[str]) -> int:
    """Run tests of a copy in a child process, and return the status of pytest."""
    child = os.fork()
    if not child:
        os.chdir(copy)
        sys.path.insert(0, str(copy))
        sys.dont_write_bytecode = True  # two changes of one second and one length would share a compiled file
        output = os.open(copy / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        import pytest

        os._exit(int(pytest.main(["-x", "-q", "--no-header", "-p", "no:warnings", *tests])))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def try_mutant(copy: Path, mutant: Mutant) -> str:
    """Make a change in the copy, run its tests, take it back, and return what became of it."""
    path = copy / mutant.file
    text = path.read_text() if path.is_file() else ""
    if text.count(mutant.old) != 1:
        return f"NOT MADE: the text is there {text.count(mutant.old)} times"
    path.write_text(text.replace(mutant.old, mutant.new))
    try:
        status = run_tests(copy, mutant.tests)
    finally:
        shutil.copy2(ROOT / mutant.file, path)
    verdicts = {0: "SURVIVED", 1: "found"}
    return verdicts.get(status, f"NOT TESTED: pytest ended with status {status}")


def main(words: Sequence[str]) -> int:
    """Try all changes, print a table, and return the number of those that were not found."""
    os.environ |= {"OMP_NUM_THREADS": "1"}
    for name in _HEAVY:
        importlib.import_module(name)
    mutants, verdicts = read_mutants(words), []
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "outputs", "benchmarks", "notebooks"))
        for mutant in mutants:
            start = time.perf_counter()
            verdicts.append(try_mutant(copy, mutant))
            seconds = time.perf_counter() - start
            sys.stdout.write(f"{verdicts[-1]:10} {seconds:4.0f} s  {mutant.file}: {mutant.what}\n")
            sys.stdout.flush()
    num_found = verdicts.count("found")
    sys.stdout.write(f"{num_found} of {len(mutants)} changes were found\n")
    return len(mutants) - num_found


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
