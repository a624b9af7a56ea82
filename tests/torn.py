"""Tear every file of a run, of a mining run and of a store, and see that each program tells it or is none the worse.

    python tests/torn.py                all
    python tests/torn.py 1/4            the first quarter

A test run does not collect it. Each file is cut, emptied, half of it zeroed, three bits of it flipped, taken away, and
put in the place of a folder; then every program that is given the run, or a training on the store, runs in this process.
Told: a sentence that names the file. Harmless: the same result as of whole files. The status is 0 when nothing is silent
and nothing is a traceback.
"""

import contextlib
import io
import itertools
import json
import logging
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from seqmine.app.composing import mistake_behind, register_resolvers
from tests.tiny import call, train

RESULTS = {
    "evaluate": "metrics.json", "recommend": "recommendations.parquet", "explain": "explanation.json",
    "leaderboard": "leaderboard.csv", "report": "report.html", "mine": "patterns.parquet",
}  # fmt: skip
ASKED = {
    "evaluate": ["run={run}", "trainer.accelerator=cpu"],
    "recommend": ["run={run}", "trainer.accelerator=cpu", "top_k=3"],
    "explain": ["run={run}", "patterns={mined}", "user=u3", "explainer=recency", "faithfulness=none", "release.min_users=1"],
    "leaderboard": ["runs={run}", "num_resamples=20"],
    "report": ["run={run}", "patterns={mined}", "explainer=recency", "faithfulness=none", "sections=quick"],
    "mine": ["run={run}", "miner.min_count=5", "miner.max_length=2"],
}  # fmt: skip
LOG = ["data=sequences", "data.path={log}"]


def main() -> None:
    """Print a line a torn file that is not told, and the counts of each program."""
    first, of = map(int, (sys.argv[1] if len(sys.argv) > 1 else "1/1").split("/"))
    places, wrong = itertools.count(1 - first), 0
    register_resolvers()
    logging.getLogger().setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = write_log(folder / "log.txt")
        run, mined = folder / "whole" / "run", folder / "whole" / "mined"
        train(log, run, "baselines=default", "model.encoder.num_layers=1", "model=sasrec")
        call("mine", mined, *(part.format(run=run) for part in ASKED["mine"]))
        store = next(path for path in (folder / "whole" / "store").iterdir() if path.is_dir())
        counts: Counter[tuple[str, str]] = Counter()

        def is_wanted(_: object) -> bool:
            return next(places) % of == 0

        tried = itertools.chain(_of_runs(folder, is_wanted), _of_stores(folder, store, log, is_wanted))
        for torn, program, verdict, said in tried:
            counts[program, verdict] += 1
            if verdict not in ("told", "harmless"):
                wrong += 1
                print(f"\n{verdict}: {program} {torn}: {said[:300]}", flush=True)
    verdicts = ("told", "harmless", "silent", "traceback")
    for program in dict.fromkeys(program for program, _ in counts):
        print(program, *(f"{verdict} {counts[program, verdict]}" for verdict in verdicts), sep="  ")
    print("tried", counts.total(), *(f"{one} {sum(n for (_, v), n in counts.items() if v == one)}" for one in verdicts))
    sys.exit(int(wrong > 0))


Tried = Iterator[tuple[str, str, str, str]]


def _of_runs(folder: Path, is_wanted: Callable[[object], bool]) -> Tried:
    whole = folder / "whole"
    wanted = {program: _result(program, whole, folder / "first" / program) for program in ASKED}
    files = [path for kind in ("run", "mined") for path in sorted((whole / kind).rglob("*"))]
    for path in files:
        name = path.relative_to(whole)
        if not path.is_file() or path.name.startswith(("events", ".")) or "wandb" in path.parts:
            continue
        for spoil in SPOILS:
            before = path.read_bytes()
            spoil(path)
            for program in filter(is_wanted, ASKED):
                yield (f"{name} {spoil.__name__}", program, *_verdict(program, path, whole, folder / "again", wanted))
            _restore(path, before)


def _of_stores(folder: Path, store: Path, log: Path, is_wanted: Callable[[object], bool]) -> Tried:
    asked = [*(part.format(log=log) for part in LOG), "model=popularity"]

    def measured(place: Path) -> str:
        train(log, place / "run", *asked)
        return json.dumps(_numbers(json.loads((place / "run" / "metrics.json").read_text())))

    wanted = measured(folder / "first_store")
    for path in sorted(path for path in store.rglob("*") if path.is_file()):
        for spoil in filter(is_wanted, SPOILS):
            place = folder / "again"
            shutil.rmtree(place, ignore_errors=True)
            copy = shutil.copytree(store, place / "store" / store.name)
            spoil(copy / path.relative_to(store))
            heard = _Heard()
            verdict, said = _outcome(lambda place=place: measured(place), wanted, path.name)
            heard.close()
            told = verdict == "harmless" and any(path.name in line for line in heard.lines)
            yield (f"store {path.name} {spoil.__name__}", "train", "told" if told else verdict, said)


class _Heard(logging.Handler):
    """Keeps the warnings of a run."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        logging.getLogger("seqmine").addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def close(self) -> None:
        logging.getLogger("seqmine").removeHandler(self)


def _verdict(program: str, path: Path, whole: Path, place: Path, wanted: dict[str, str]) -> tuple[str, str]:
    shutil.rmtree(place, ignore_errors=True)
    verdict, said = _outcome(lambda: _result(program, whole, place), wanted[program], path.name)
    page = place / "report.html"
    if verdict == "silent" and program == "report" and path.name in page.read_text():
        return "told", said
    return verdict, said


def _outcome(result: Callable[[], str], wanted: str, name: str) -> tuple[str, str]:
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            found = result()
    except BaseException as error:
        mistake = mistake_behind(error)
        said = " ".join(str(mistake or repr(error)).split())
        return ("told" if mistake and name in said else "traceback"), said
    return ("harmless", "") if found == wanted else ("silent", "another result")


def _result(program: str, whole: Path, place: Path) -> str:
    """Run a program and return what came out, without times and places."""
    asked = [part.format(run=whole / "run", mined=whole / "mined") for part in ASKED[program]]
    call(program, place, *asked)
    path = place / RESULTS[program]
    if program == "evaluate":
        return json.dumps(_numbers(json.loads(path.read_text())))
    if path.suffix == ".parquet":
        import polars as pl

        return pl.read_parquet(path).write_json()
    return path.read_text().replace(str(place), "").replace(str(place.parent), "")


def _numbers(metrics: dict) -> dict:
    return {name: value for name, value in metrics.items() if not name.startswith(("time/", "memory/"))}


def _restore(path: Path, content: bytes) -> None:
    if path.is_dir():
        path.rmdir()
    path.write_bytes(content)


def cut(path: Path) -> None:
    """Leave the first half."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def empty(path: Path) -> None:
    """Leave nothing."""
    path.write_bytes(b"")


def zero(path: Path) -> None:
    """Make zeros of the second half."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))


def flip(path: Path) -> None:
    """Turn three bits around."""
    content, draw = bytearray(path.read_bytes()), random.Random(str(path.name))
    for _ in range(3 if content else 0):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes(content))


def remove(path: Path) -> None:
    """Take it away."""
    path.unlink()


def replace_by_folder(path: Path) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


SPOILS = (cut, empty, zero, flip, remove, replace_by_folder)


def write_log(path: Path) -> Path:
    """Write a log of 80 users whose items follow each other."""
    draw, rows = random.Random(0), []
    for user in range(80):
        start, length = draw.randint(0, 19), draw.randint(5, 9)
        rows.append(" ".join([f"u{user}", *(f"i{(start + step) % 20}" for step in range(length))]))
    path.write_text("\n".join(rows) + "\n")
    return path


if __name__ == "__main__":
    main()
