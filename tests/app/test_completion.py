"""Completion as bash asks for it: with the words of a line, and a program ``seqmine`` in its path."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seqmine.app.completion import bash_completion
from seqmine.app.manual import programs

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("seqmine ex", {"explain"}),
        ("seqmine train seed=1 model=hst", {"model=hstu"}),
        ("seqmine-train optimizer.l", {"optimizer.lr="}),
        ("seqmine mine miner=top", {"miner=top_k"}),
    ],
)
def test_bash_completes(line, offered, tmp_path):
    command = tmp_path / "seqmine"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m seqmine "$@"\n')
    command.chmod(0o755)
    script = f"""{bash_completion(programs())}
compopt() {{ :; }}  # knows no completion outside of one
PATH={tmp_path}:$PATH COMP_LINE="{line}" COMP_WORDS=({line})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_seqmine
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert set(done.stdout.split()) == offered, done.stderr
