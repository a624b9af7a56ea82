"""Run the programs as a user does: each in a process of its own, forked from one that has imported the libraries."""

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

TINY = ["model.embedding_dim=16", "model.encoder.num_layers=1", "data.max_length=8", "data.batch_size=16", "logger=csv"]
# Importing these is most of a start. None of them starts a thread when it is imported, so a process may fork after it.
_LIBRARIES = ["hydra.main", "lightning.pytorch", "numba", "polars", "pyarrow.parquet", "rich", "scipy.stats", "wandb"]
_SECONDS = 280
_ROOT = Path(__file__).resolve().parent.parent


def run(program: str, *arguments: str, cwd: Path, status: int = 0, **environment: str) -> subprocess.CompletedProcess:
    """Run ``python -m seqmine.<program>`` and check its exit status."""
    told = {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(_ROOT), "COLUMNS": "150", **environment}
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "stdout"), Path(folder, "stderr")
        command = [f"seqmine.{program}", *arguments]
        process = _forking().Process(
            target=_become, args=(command, str(cwd), {**os.environ, **told}, str(out), str(err))
        )
        process.start()
        process.join(_SECONDS)
        process.kill()
        process.join()
        done = subprocess.CompletedProcess(command, process.exitcode, out.read_text(), err.read_text())
    assert done.returncode == status, done.stdout + done.stderr
    return done


def error_of(done: subprocess.CompletedProcess) -> str:
    """Return the one sentence of a failed program."""
    assert "Traceback" not in done.stderr, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


@cache
def _forking() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_LIBRARIES)
    return context


def _become(command: list[str], cwd: str, environment: dict[str, str], out: str, err: str) -> None:
    """Turn this process into ``python -m`` of the command, with its output in files."""
    for path, number in ((out, 1), (err, 2)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    # made when wandb is imported, and taken away by the first of the forks that ends
    from wandb.sdk.data_types._private import MEDIA_TMP

    Path(MEDIA_TMP.name).mkdir(exist_ok=True)
    sys.argv = command
    sys.path[:0] = [cwd, str(_ROOT)]
    try:
        runpy.run_module(command[0], run_name="__main__", alter_sys=True)
    finally:
        sys.stdout.flush()
        atexit._run_exitfuncs()
