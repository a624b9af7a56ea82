"""The README keeps its word: its commands run, and its map is that of the disk."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.programs import run

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text().replace("\\\n", "")
SETUP = re.findall(r"^python3 -m venv .*$", README, re.MULTILINE)
COMMANDS = [line.split("#")[0].strip() for line in re.findall(r"^python -m seqmine\.\w+ .*$", README, re.MULTILINE)]


def test_two_lines_do_all_set_up():
    assert [command.rpartition("&& ")[2] for command in SETUP] == [
        ".venv/bin/python -m seqmine.train",
        ".venv/bin/python -m pytest",
    ]


def test_the_main_job_runs_small(tmp_path):
    small = ["trainer=smoke", "data.num_users=300", "data.num_items=60", "data.num_patterns=20", "baselines=none"]
    done = run("train", *small, f"hydra.run.dir={tmp_path / 'run'}", cwd=tmp_path)
    assert "ceiling" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_composes(command, tmp_path):
    """Every setting that the README names exists: the configuration is printed, not run."""
    program, *arguments = shlex.split(command.removeprefix("python -m seqmine.").replace("<run>", "x"))
    arguments = [re.sub(r"=([^=,\[]+),.*", r"=\1", argument) for argument in arguments if argument != "-m"]
    done = run(program, *arguments, "--cfg", "job", cwd=tmp_path)
    assert "program:" in done.stdout


def test_the_map_is_that_of_the_disk():
    block = README.split("## Map")[1].split("```")[1]
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    listed = [path for path in done.stdout.splitlines() if not path.startswith(".")]
    top = set(re.findall(r"^(\w+)/", block, re.MULTILINE))
    assert top == {path.split("/")[0] for path in listed if "/" in path}
    files = {path for path in listed if "/" not in path} | {path.name for path in (ROOT / "seqmine").glob("[a-z]*.py")}
    assert files == set(re.findall(r"[\w.]+\.(?:py|md|toml|cff|yml)|LICENSE", block))
    packages = {path.parent.name for path in (ROOT / "seqmine").rglob("__init__.py")} - {"seqmine"}
    assert packages == set(re.findall(r"(\w+)/", block.split("seqmine/")[1].split("tests/")[0]))
