"""Run the programs as a user does: as processes."""

import os
import subprocess
import sys
from pathlib import Path

TINY = ["model.embedding_dim=16", "model.encoder.num_layers=1", "data.max_length=8", "data.batch_size=16", "logger=csv"]


def run(program: str, *arguments: str, cwd: Path, status: int = 0, **environment: str) -> subprocess.CompletedProcess:
    """Run ``python -m seqmine.<program>`` and check its exit status."""
    command = [sys.executable, "-m", f"seqmine.{program}", *arguments]
    root = str(Path(__file__).resolve().parent.parent)
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=280,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root, "COLUMNS": "150", **environment},
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    return done


def error_of(done: subprocess.CompletedProcess) -> str:
    """Return the one sentence of a failed program."""
    assert "Traceback" not in done.stderr, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]
