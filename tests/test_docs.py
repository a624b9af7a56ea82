"""The pages of the site are built without a warning, and the commands in them exist."""

import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from seqmine.app.composing import compose_checked

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "docs").glob("*.md"))
COMMANDS = [
    line for page in PAGES for line in re.findall(r"^python -m seqmine\.(\w+ .*)$", page.read_text(), re.MULTILINE)
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_composes(command):
    program, *arguments = shlex.split(command)
    is_sweep = "-m" in arguments
    compose_checked(program, [one.partition(",")[0] if is_sweep else one for one in arguments if one != "-m"])


@pytest.mark.skipif(find_spec("mkdocs") is None, reason="the extra docs is not installed")
def test_the_site_is_built_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "A sequence encoder with a tied item table" in (tmp_path / "site" / "components" / "index.html").read_text()


def test_a_sweep_of_wandb_starts_what_is_documented():
    """The command is filled in as W&B's agent does."""
    from wandb.sdk.launch.sweeps.utils import create_sweep_command, create_sweep_command_args

    page = (ROOT / "docs" / "how_to.md").read_text()
    sweep = yaml.safe_load(re.search(r"```yaml\n(program: .*?)```", page, re.DOTALL)[1])
    values = {
        name: {"value": space.get("values", [space.get("min")])[0]} for name, space in sweep["parameters"].items()
    }
    filled = create_sweep_command_args({"args": values})
    command = [
        word
        for part in create_sweep_command(sweep["command"])
        for word in filled.get(part.removeprefix("${").removesuffix("}"), [part])
    ]
    assert command[-5:-2] == ["python", "-m", sweep["program"]]
    config = compose_checked("train", command[-2:])
    assert (config.optimizer.lr, config.model.encoder.dropout) == (0.0003, 0.1)
    assert sweep["metric"]["name"] == f"best/{config.monitor}"
