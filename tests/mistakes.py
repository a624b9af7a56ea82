"""Make mistakes in every setting of every program, and see that each is told in a sentence or does no harm.

    python tests/mistakes.py                     all
    python tests/mistakes.py train 1/4           of one program, the first quarter

A test run does not collect it. Each setting is tried at null, 0, -1, nan, 1e99 and a text, each group at null and at a
choice that is not there, each path at what is missing, a folder and a file that may not be read. A mistake that the
check of the command line lets pass runs on tiny data, in a process forked from this one, with little memory and time.
The last line counts; the status is 0 when there is no traceback, no wrong success and nothing hangs.
"""

import contextlib
import importlib
import json
import math
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
VALUES = ("null", "0", "-1", "nan", "1e99", "abc")
_MEMORY, _SECONDS = 6 << 30, 120
_LOADED = ("lightning", "numba", "polars", "scipy.stats", "seqmine.app.fit", "seqmine.reporting.run_table", "wandb")
_TRAIN = (
    "data=sequences", "data.path={log}", "logger=csv", "baselines=none", "trainer.accelerator=cpu", "trainer.max_epochs=1",
    "model.embedding_dim=8", "model.encoder.num_layers=1", "data.max_length=8", "data.batch_size=16", "paths.store={folder}/store",
    "paths.outputs={folder}/outputs",
)  # fmt: skip
BASES = {
    "train": _TRAIN,
    "prepare": ("data=sequences", "data.path={log}", "paths.store={folder}/store"),
    "mine": (
        "data=sequences", "data.path={log}", "logger=none", "miner.min_count=5", "miner.max_length=2", "evidence=none",
        "paths.store={folder}/store",
    ),
    "evaluate": ("run={run}", "trainer.accelerator=cpu"),
    "recommend": ("run={run}", "trainer.accelerator=cpu", "top_k=3"),
    "explain": ("run={run}", "user=u3", "explainer=recency", "faithfulness=none", "trainer.accelerator=cpu"),
    "leaderboard": ("runs={run}", "num_resamples=20"),
}  # fmt: skip


class Mistake(NamedTuple):
    """A program with one setting that is likely to be wrong."""

    program: str
    setting: str


class Outcome(NamedTuple):
    """What became of a mistake, and what was said."""

    verdict: str
    message: str


def mistakes_of(program: str, base: Sequence[str]) -> Iterator[Mistake]:
    """Yield the mistakes in each leaf, each group and each path of a program."""
    from omegaconf import DictConfig

    from seqmine.app.composing import compose_checked, without_hydra
    from seqmine.runs.components import CONF_DIR
    from seqmine.runs.settings import nodes

    config = compose_checked(program, [*base, "hydra.run.dir=x"])
    for name, node in nodes(without_hydra(config)):
        is_leaf = not isinstance(node, DictConfig) or node._is_none()
        if (
            is_leaf
            and not node._is_interpolation()
            and name.rpartition(".")[2] not in ("_target_", "_partial_", "program")
        ):
            yield from (Mistake(program, f"{name}={value}") for value in VALUES)
    for group in sorted(config.hydra.runtime.choices):
        if (CONF_DIR / group.partition("@")[0]).is_dir() and not group.startswith("hydra"):
            yield from (Mistake(program, f"{group}={value}") for value in ("null", "nosuch"))
    for name, _ in nodes(without_hydra(config)):
        if name.rpartition(".")[2] in ("path", "run", "runs", "ckpt_path", "init_from", "items_path", "input", "output",
                                       "users", "exclude", "only", "patterns", "folder", "store", "outputs"):  # fmt: skip
            yield from (Mistake(program, f"{name}={value}") for value in ("/nowhere/at/all", "{folder}", "{locked}"))


def checked(mistake: Mistake, base: Sequence[str]) -> str | None:
    """Return the sentence of the check of the command line; None where it lets the mistake pass."""
    from seqmine.app.checks import check_settings
    from seqmine.app.composing import compose_checked, without_hydra
    from seqmine.app.typed import as_typed
    from seqmine.structs import UserError

    try:
        arguments = as_typed([*base, mistake.setting])
        config = compose_checked(mistake.program, [*arguments, "hydra.run.dir=x"])
        check_settings(mistake.program, without_hydra(config), arguments)
    except UserError as error:
        return str(error)
    return None


def run_forked(mistake: Mistake, base: Sequence[str], folder: Path) -> Outcome:
    """Run the program in a child process and judge what became of it."""
    folder.mkdir()
    output = folder / "output.txt"
    child = os.fork()
    if not child:
        _become(mistake, [*base, mistake.setting, f"hydra.run.dir={folder / 'run'}"], output)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    key, _, value = mistake.setting.partition("=")
    written = Path(folder, value) if key == "paths.run" else folder / "run"
    return judged(mistake.program, status, output.read_text(errors="replace"), written)


def _become(mistake: Mistake, arguments: list[str], output: Path) -> None:
    """Turn this process into the program, with an end to its memory and its time."""
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), 1)
    os.dup2(1, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, used + _MEMORY))
    signal.alarm(_SECONDS)
    sys.argv = [mistake.program, *arguments]
    os.chdir(output.parent)
    status = 1
    try:
        importlib.import_module(f"seqmine.{mistake.program}").main()
        status = 0
    except SystemExit as stopped:
        status = stopped.code if isinstance(stopped.code, int) else int(bool(stopped.code))
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def judged(program: str, status: int, text: str, folder: Path) -> Outcome:
    """Return what a program did, from its status, what it printed and what it left."""
    lines = text.strip().splitlines()
    last = next((line for line in reversed(lines) if line.strip()), "")
    if status == -signal.SIGALRM:
        return Outcome("hang", last)
    if "Traceback" in text or status < 0:
        return Outcome("traceback", last)
    if status:
        errors = [line for line in lines if line.startswith("error: ")]
        return Outcome("sentence" if len(errors) == 1 else "traceback", errors[-1] if errors else last)
    wrong = whats_wrong(program, folder)
    return Outcome("wrong success", wrong) if wrong else Outcome("right success", "")


def whats_wrong(program: str, folder: Path) -> str:
    """Return what a program that ended well did not do; nothing where all is there."""
    if program != "train":
        return ""
    if not (folder / "metrics.json").is_file():
        return "no metrics.json"
    metrics = json.loads((folder / "metrics.json").read_text())
    if not any(name.startswith("test/") for name in metrics):
        return "no test"
    broken = [name for name, value in metrics.items() if isinstance(value, float) and not math.isfinite(value)]
    if broken:
        return f"not finite: {', '.join(broken)}"
    return "" if (folder / "checkpoints" / "best.ckpt").is_file() else "no best.ckpt"


def make_data(folder: Path) -> dict[str, str]:
    """Write a log, a file that may not be read, and a finished run."""
    log = folder / "log.txt"
    log.write_text("".join(f"u{user} " + " ".join(f"i{(user + step) % 7}" for step in range(4 + user % 5)) + "\n"
                           for user in range(40)))  # fmt: skip
    locked = folder / "locked.txt"
    locked.write_text("u1 i1 i2\n")
    locked.chmod(0)
    names = {"log": str(log), "folder": str(folder), "locked": str(locked)}
    outcome = run_forked(Mistake("train", "seed=1"), [one.format(**names) for one in _TRAIN], folder / "first")
    if outcome.verdict != "right success":
        raise RuntimeError(f"the run without a mistake failed: {outcome}")
    return names | {"run": str(folder / "first" / "run")}


def main(words: Sequence[str]) -> int:
    """Try the mistakes, print what became of each that is not told, and count."""
    os.environ |= {"OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
    for name in _LOADED:
        importlib.import_module(name)
    programs = [word for word in words if word in BASES] or list(BASES)
    part, parts = next((map(int, word.split("/")) for word in words if "/" in word), (1, 1))
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = make_data(folder)
        for program in programs:
            base = [one.format(**names) for one in BASES[program]]
            for number, mistake in enumerate(list(mistakes_of(program, base))[part - 1 :: parts]):
                tried = Mistake(program, mistake.setting.format(**names))
                start = time.perf_counter()
                told = checked(tried, base)
                outcome = Outcome("sentence", told) if told else run_forked(tried, base, folder / f"{program}{number}")
                counts[outcome.verdict] += 1
                seconds = time.perf_counter() - start
                sys.stdout.write(
                    f"{outcome.verdict:13} {seconds:4.1f} s  {program} {tried.setting}  {outcome.message[:160]}\n"
                )
                sys.stdout.flush()
    sys.stdout.write(f"{sum(counts.values())} mistakes: {dict(counts)}\n")
    return sum(counts[verdict] for verdict in ("traceback", "wrong success", "hang"))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.path.insert(0, str(ROOT))
        sys.exit(min(main(sys.argv[1:]), 1))
