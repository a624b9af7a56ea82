import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.programs import error_of, run

SHARED = Path(__file__).resolve().parent.parent / "../shared/data"
HEADER = "user_id,item_id,timestamp\n"
# every case is one line of arguments; one process for all, since most of a run is the import of its packages
MANY_RUNS = """
import json, sys
from seqmine.prepare import main
for case in json.load(sys.stdin):
    sys.argv = ["prepare", *case]
    try:
        main()
        status = 0
    except SystemExit as end:
        status = end.code
    sys.stderr.flush()
    print(f"status {status}", file=sys.stderr, flush=True)
"""


def test_prepare_prints_and_keeps_the_audit_the_verdict_and_a_picture(small_log, tmp_path):
    arguments = ["data=sequences", f"data.path={small_log}", "data/cleaning=core5", f"hydra.run.dir={tmp_path / 'run'}"]
    done = run("prepare", *arguments, cwd=tmp_path)
    audit = json.loads((tmp_path / "run" / "audit.json").read_text())
    assert audit["source"]["users"] == 200
    assert audit["rows"]
    assert "Leaks: none found" in done.stdout
    assert "k core" in done.stdout
    assert (tmp_path / "outputs" / "store").is_dir()
    assert (tmp_path / "run" / "log.png").stat().st_size > 10_000


def test_a_multirun_of_a_program_without_metrics_ends_well(small_log, tmp_path):
    arguments = ["-m", "data=sequences", f"data.path={small_log}", "data/split=leave_one_out,leave_last_k"]
    run("prepare", *arguments, f"hydra.sweep.dir={tmp_path / 'runs'}", cwd=tmp_path)
    assert len(list((tmp_path / "runs").glob("*/audit.json"))) == 2


def test_cleaning_that_looks_past_the_training_edge_is_a_leak(small_log, tmp_path):
    arguments = ["data=sequences", f"data.path={small_log}", "data/cleaning=core5", "data/cleaning/edge=whole_log"]
    assert "the prepared data leak" in error_of(run("prepare", *arguments, cwd=tmp_path, status=1))


def rows(count, time=1_500_000_000):
    return [f"u{number % 50},i{number % 7},{time + number}" for number in range(count)]


def log_files(folder):
    """Write bad logs; return the path of each and the words that its sentence must have."""
    big = pl.DataFrame({"user_id": range(1000), "item_id": range(1000)})
    mixed = folder / "mixed"
    mixed.mkdir()
    big.write_parquet(mixed / "a.parquet")
    big.with_columns(item_id=pl.lit("x")).write_parquet(mixed / "b.parquet")
    big.write_parquet(folder / "cut.parquet")
    whole = (folder / "cut.parquet").read_bytes()
    (folder / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    lines = rows(80_000)
    lines[69_998] = "u1,i1"
    (folder / "broken.csv").write_text(HEADER + "\n".join(lines) + "\n")
    (folder / "latin.csv").write_bytes((HEADER + "\n".join(rows(9)) + "\nu,caf\xe9,1500000000\n").encode("latin-1"))
    (folder / "units.csv").write_text(HEADER + "\n".join([*rows(9), *rows(2, time=1_500_000_000_000)]) + "\n")
    times = ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00"]
    (folder / "zones.csv").write_text(HEADER + "".join(f"u,i{time},{time}\n" for time in times))
    return {
        mixed: "b.parquet has other columns than a.parquet",
        folder / "cut.parquet": "cut.parquet is not a complete Parquet file",
        folder / "broken.csv": "broken.csv line 70000 has 2 values where the table has 3 columns",
        folder / "latin.csv": "latin.csv line 11 has a byte that is not UTF-8",
        folder / "units.csv": "units.csv line 11: timestamp 1500000000000 counts milliseconds while most count seconds",
        folder / "zones.csv": "zones.csv line 3: timestamp '2020-01-01T00:00:00' has no time zone",
    }


def test_every_bad_log_is_one_sentence_and_the_old_store_stays(tmp_path):
    cases = log_files(tmp_path)
    (tmp_path / "good.csv").write_text(HEADER + "\n".join(rows(500)) + "\n")
    paths = [tmp_path / "good.csv", *cases, tmp_path / "good.csv"]
    done = many_runs([["data=interactions", f"data.path={path}"] for path in paths], tmp_path)
    assert [int(line.split()[1]) for line in done if line.startswith("status ")] == [0, *[1] * len(cases), 0]
    errors = [line for line in done if line.startswith("error: ")]
    assert len(errors) == len(cases)
    for words, error in zip(cases.values(), errors, strict=True):
        assert words in error
    assert "prepared data are read from" in done[-2]


def test_keys_of_any_size_and_times_of_every_zone_are_exact(tmp_path):
    huge = [str(2**63 + number) for number in range(3)] + ["x" * 10_000]
    lines = [
        f"{user},{item},2020-01-01T0{hour}:30:00+0{hour}:00"
        for user in huge
        for hour, item in enumerate([*huge, "007", "7"])
    ]
    (tmp_path / "log.csv").write_text(HEADER + "\n".join(lines) + "\n")
    many_runs([["data=interactions", f"data.path={tmp_path / 'log.csv'}", "paths.store=store"]], tmp_path)
    (store,) = (tmp_path / "store").iterdir()
    assert set(pl.read_parquet(store / "users.parquet")["user_id"]) == set(huge)
    items = [pl.read_parquet(store / name)["item_id"] for name in ("catalog.parquet", "unseen_items.parquet")]
    assert set(pl.concat(items)) == {*huge, "007", "7"}
    description = json.loads(
        next(path for path in (store / "leaks").iterdir() if path.name != "files.json").read_text()
    )
    assert any(
        "100.0% of events have the time of the event before" in check["detail"] for check in description["checks"]
    )


def test_a_full_disk_is_one_sentence_and_the_old_store_stays(tmp_path):
    (tmp_path / "small.csv").write_text(HEADER + "\n".join(rows(500)) + "\n")
    (tmp_path / "large.csv").write_text(HEADER + "\n".join(rows(60_000)) + "\n")
    paths = [tmp_path / name for name in ("small.csv", "large.csv", "small.csv")]
    done = many_runs([["data=interactions", f"data.path={path}", "paths.store=store"] for path in paths], tmp_path, 200)
    assert [line for line in done if line.startswith("status ")] == ["status 0", "status 1", "status 0"]
    (error,) = [line for line in done if line.startswith("error: ")]
    assert "store has no room for the prepared data" in error
    assert len(list((tmp_path / "store").iterdir())) == 1


def many_runs(cases, folder, max_kib="unlimited"):
    """Run the program once a case, in files of a limited size; return the lines that it wrote to people."""
    command = f"ulimit -f {max_kib}; exec {sys.executable} -c '{MANY_RUNS}'"
    done = subprocess.run(
        ["bash", "-c", command], input=json.dumps(cases), cwd=folder, capture_output=True, text=True, check=True,
        env={**__import__("os").environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done.stderr.splitlines()


@pytest.mark.parametrize("name", ["retailrocket-behaviors.csv.gz", "ml-100k/ml-100k.inter.gz"])
def test_real_logs_are_prepared(name, tmp_path):
    if not (SHARED / name).exists():
        pytest.skip(f"{name} is not beside the repository: it may not be redistributed")
    done = run("prepare", "data=interactions", f"data.path={SHARED / name}", "data/cleaning=standard", cwd=tmp_path)
    assert "Leaks: none found" in done.stdout
