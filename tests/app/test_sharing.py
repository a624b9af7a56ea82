import signal
import subprocess
import sys
import time

import polars as pl
import pytest

from tests.tiny import call, train


@pytest.fixture(scope="module")
def runs(small_log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sharing")
    train(small_log, folder / "net")
    return folder


def lists_of(runs, tmp_path, *settings, run):
    output = tmp_path / "lists.parquet"
    call("recommend", tmp_path / "out", f"run={runs / run}", f"output={output}", "num_shown=0", *settings)
    return pl.read_parquet(output)


@pytest.mark.parametrize(
    "more", [[], ["rerank=patterns", "rerank.patterns.rules.window=3"]], ids=["alone", "corrected"]
)
def test_two_processes_make_the_rows_of_one(runs, tmp_path, more):
    """Also where a weight is chosen on validation."""
    settings = ["shard_size=60", "batch_size=16", "scores=probability", *more]
    one = lists_of(runs, tmp_path / "1", *settings, run="net")
    two = lists_of(runs, tmp_path / "2", *settings, "trainer.devices=2", run="net")
    assert one.equals(two) and len(one) == 2000


def test_a_killed_program_goes_on_where_it_was(runs, tmp_path):
    output = tmp_path / "lists.parquet"
    settings = [f"run={runs / 'net'}", f"output={output}", "batch_size=5", "shard_size=5", "num_shown=0"]
    command = [sys.executable, "-m", "seqmine.recommend", *settings, f"hydra.run.dir={tmp_path / 'out'}"]
    process = subprocess.Popen([*command, "trainer.devices=2"], start_new_session=True, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(tmp_path.glob(".lists.parquet.parts/part-*"))) < 3:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not output.exists()
    kept = len(list(tmp_path.glob(".lists.parquet.parts/part-*")))
    assert 3 <= kept < 40
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    done = int(told.split(" of 40 parts are there already")[0].split()[-1])
    assert done >= kept, "the processes end with their program"
    assert pl.read_parquet(output).equals(lists_of(runs, tmp_path, "batch_size=5", run="net"))
    assert not list(tmp_path.glob(".*"))
