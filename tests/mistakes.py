"""Make mistakes in every setting of every program, and see that each is told in a sentence or does no harm.

    python tests/mistakes.py                     all, and the table of them
    python tests/mistakes.py train 1/4           of one program, the first quarter

A test run does not collect it. Each setting is tried at null, 0, -1, nan, 1e99 and a text, each group at null and at a
choice that is not there, each path at what is missing, a folder and a file that may not be read. A mistake that the
check of the command line lets pass runs on tiny data, in a process forked from this one, with little memory and time.
The last lines are a table, a row a program, and what it cost; the status is 0 when there is no traceback, no wrong success and no hang.
"""

import contextlib
import ctypes
import importlib
import json
import math
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from omegaconf import DictConfig

ROOT = Path(__file__).resolve().parent.parent
VALUES = ("null", "0", "-1", "nan", "1e99", "abc")
_MEMORY, _OF_PROCESSOR_S, _SECONDS = 6 << 30, 120, 900
_LOADED = (
    "lightning", "matplotlib.pyplot", "numba", "polars", "scipy.stats", "seqmine.app.fit", "seqmine.reporting.run_table",
    "wandb",
)  # fmt: skip
_OF_TRAIN = ("data", "metrics", "baselines", "trainer", "paths", "callbacks")
_OUTCOMES = ("sentence", "right success", "wrong success", "traceback", "hang")
_PATHS = (
    "path", "run", "runs", "ckpt_path", "init_from", "items_path", "input", "output", "users", "exclude", "only",
    "patterns", "folder", "store", "outputs", "vectors", "tokenizer", "recommendations", "validation", "targets",
    "cache", "items",
)  # fmt: skip
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
    "report": ("run={run}", "sections=quick", "explainer=recency", "faithfulness=none"),
    "embed": (
        "data=sequences", "data.path={log}", "data.items_path={items}", "embedder.folder={embedder}",
        "cache={folder}/vectors", "paths.store={folder}/store",
    ),
    "tokenize": ("vectors={vectors}", "num_levels=1", "num_codes=2"),
    "judge": (
        "recommendations={lists}", "data=sequences", "data.path={log}", "baselines=none", "trainer.accelerator=cpu",
        "paths.store={folder}/store",
    ),
    "forget": ("store={fresh}", "users={gone}", "paths.outputs={folder}/outputs"),
}  # fmt: skip
# what a program leaves in its folder
_LEAVES = {
    "train": "metrics.json", "evaluate": "metrics.json", "judge": "metrics.json", "mine": "patterns.parquet",
    "explain": "explanation.json", "report": "report.html", "prepare": "audit.json", "leaderboard": "leaderboard.csv",
    "tokenize": "semantic_ids.parquet", "embed": "item_vectors.npy", "forget": "erasure.json",
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
    """Yield the mistakes in each leaf, each group and each path of a program.

    Leaves of a group that ``train`` has too are tried there: it uses all of them.
    """
    from omegaconf import DictConfig

    from seqmine.app.composing import compose_checked, without_hydra
    from seqmine.runs.components import CONF_DIR
    from seqmine.runs.settings import nodes

    config = compose_checked(program, [*base, "hydra.run.dir=x"])
    groups = {group.partition("@")[0] for group in config.hydra.runtime.choices}
    elsewhere = groups & {*_OF_TRAIN} if program != "train" else set()
    for name, node in nodes(without_hydra(config)):
        is_leaf = (not isinstance(node, DictConfig) or node._is_none()) and not node._is_interpolation()
        is_setting = name.rpartition(".")[2] not in ("_target_", "_partial_", "program")
        if is_leaf and is_setting and name.partition(".")[0] not in elsewhere:
            own = "null" if node._value() is None else str(node._value())
            yield from (Mistake(program, f"{name}={value}") for value in VALUES if value != own)
    for group in sorted(config.hydra.runtime.choices):
        if (CONF_DIR / group.partition("@")[0]).is_dir() and not group.startswith("hydra"):
            yield from (Mistake(program, f"{group}={value}") for value in ("null", "nosuch"))
    for name, _ in nodes(without_hydra(config)):
        if name.rpartition(".")[2] in _PATHS:
            yield from (Mistake(program, f"{name}={value}") for value in ("{missing}/file", "{empty}", "{locked}"))


def checked(mistake: Mistake, base: Sequence[str], config: "DictConfig") -> Outcome | None:
    """Return what the check of the command line tells; None where it lets the mistake pass.

    Args:
        mistake: a leaf is changed in the configuration, anything else is composed.
        base: settings beside the mistake.
        config: composed of them.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from omegaconf import OmegaConf

    from seqmine.app.checks import check_settings
    from seqmine.app.composing import compose_checked, without_hydra
    from seqmine.app.typed import as_typed
    from seqmine.runs.settings import nodes
    from seqmine.structs import UserError

    key, _, value = mistake.setting.partition("=")
    try:
        if value in VALUES and key in dict(nodes(config)):
            config = deepcopy(config)
            (override,) = OverridesParser.create().parse_overrides([mistake.setting])
            OmegaConf.update(config, key, override.value())
        else:
            config = without_hydra(
                compose_checked(mistake.program, as_typed([*base, mistake.setting, "hydra.run.dir=x"]))
            )
        check_settings(mistake.program, config, [*base, mistake.setting])
    except UserError as error:
        return Outcome("sentence", str(error))
    except Exception as error:
        return Outcome("traceback", repr(error))
    return None


def run_forked(mistake: Mistake, base: Sequence[str], folder: Path, run: Path | None = None) -> Outcome:
    """Run the program in a child process, into a folder of its own or ``run``, and judge what became of it."""
    folder.mkdir()
    output = folder / "output.txt"
    child = os.fork()
    if not child:
        _become(mistake, [*base, mistake.setting, f"hydra.run.dir={run or folder / 'run'}"], output)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    key, _, value = mistake.setting.partition("=")
    written = Path(folder, value) if key == "paths.run" else run or folder / "run"
    return judged(mistake.program, status, output.read_text(errors="replace"), written)


def _become(mistake: Mistake, arguments: list[str], output: Path) -> None:
    """Turn this process into the program, with an end to its memory and its time."""
    os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT), 1)
    os.dup2(1, 2)
    sys.stdout, sys.stderr = os.fdopen(1, "w", closefd=False), os.fdopen(2, "w", closefd=False)
    # what can be written: who draws the charts of a page reserves more addresses than that
    used = int(Path("/proc/self/statm").read_text().split()[5]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_DATA, (used + _MEMORY, used + _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_OF_PROCESSOR_S, 2 * _OF_PROCESSOR_S))
    _heed_rights()
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


def _heed_rights() -> None:
    """Let the system refuse what a file does not allow also where this process is that of root."""
    version, overrides_rights = 0x20080522, 0b110  # of the call; may read, write and search whatever the bits say
    header, sets = (ctypes.c_uint32 * 2)(version, 0), (ctypes.c_uint32 * 6)()
    system = ctypes.CDLL(None)
    if not os.geteuid() and not system.capget(header, sets):
        for place in range(3):
            sets[place] &= ~overrides_rights
        system.capset(header, sets)


def judged(program: str, status: int, text: str, folder: Path) -> Outcome:
    """Return what a program did, from its status, what it printed and what it left."""
    lines = text.strip().splitlines()
    last = next((line for line in reversed(lines) if line.strip()), "")
    if status in (-signal.SIGALRM, -signal.SIGXCPU):
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
    left = _LEAVES.get(program)
    if left and not (folder / left).is_file():
        return f"no {left}"
    if left != "metrics.json":
        return ""
    metrics = json.loads((folder / "metrics.json").read_text())
    if not any(name.startswith("test/") for name in metrics):
        return "no test"
    broken = [name for name, value in metrics.items() if isinstance(value, float) and not math.isfinite(value)]
    if broken:
        return f"not finite: {', '.join(broken)}"
    needs_best = program == "train" and not metrics["protocol"]["chosen_by"].startswith("none")
    return "no best.ckpt" if needs_best and not (folder / "checkpoints" / "best.ckpt").is_file() else ""


def make_data(folder: Path) -> dict[str, str]:
    """Write a log, a file that may not be read, a finished run, and what the other programs start from."""
    log = folder / "log.txt"
    log.write_text("".join(f"u{user} " + " ".join(f"i{(user + step) % 7}" for step in range(4 + user % 5)) + "\n"
                           for user in range(40)))  # fmt: skip
    locked = folder / "locked.txt"
    locked.write_text("u1 i1 i2\n")
    locked.chmod(0)
    files = {"log": log, "folder": folder, "locked": locked, "gone": folder / "gone.txt", "items": folder / "items.csv"}
    names = {name: str(path) for name, path in files.items()}
    files["gone"].write_text("u3\n")
    files["items"].write_text("item_id,title\n" + "".join(f"i{item},shoe {item % 2}\n" for item in range(7)))
    outcome = run_forked(Mistake("train", "seed=1"), [one.format(**names) for one in _TRAIN], folder / "first")
    if outcome.verdict != "right success":
        raise RuntimeError(f"the run without a mistake failed: {outcome}")
    _forked(_write_inputs, folder)
    made = {"run": "first/run", "lists": "lists.csv", "vectors": "item_vectors.npy", "embedder": "embedder"}
    return names | {name: str(folder / path) for name, path in made.items()}


def _forked(work: Callable[[Path], None], folder: Path) -> None:
    """Do something in a process of its own: threads that it starts would be missed by the processes forked later."""
    child = os.fork()
    if not child:
        work(folder)
        os._exit(0)
    os.waitpid(child, 0)


def _write_inputs(folder: Path) -> None:
    """Write lists of another library, vectors of items, and a language model of a few weights where it can be read."""
    rows = [f"u{user},i{item},{7 - item}\n" for user in range(40) for item in range(7)]
    (folder / "lists.csv").write_text("user_id,item_id,score\n" + "".join(rows))
    np.save(folder / "item_vectors.npy", np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32))
    pl.DataFrame({"item_id": [f"i{item}" for item in range(7)]}).write_parquet(folder / "items.parquet")
    with contextlib.suppress(ImportError):
        from tests.models.embeddings.test_text import save_model

        save_model(folder / "embedder")


def load() -> None:
    """Import what takes most of a start, so that the processes forked from this one have it."""
    os.environ |= {"OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
    for name in _LOADED:
        importlib.import_module(name)


def table(counts: Mapping[str, Counter[str]]) -> str:
    """Return what became of the mistakes, a row a program."""
    rows = [("program", "tried", *_OUTCOMES)]
    for program, found in [*counts.items(), ("all", sum(counts.values(), Counter()))]:
        rows.append((program, str(found.total()), *(str(found[outcome]) for outcome in _OUTCOMES)))
    return "\n".join("  ".join(f"{cell:>13}" for cell in row) for row in rows)


def main(words: Sequence[str]) -> int:
    """Try the mistakes, print what became of each that is not told, and count."""
    load()
    from seqmine.app.composing import compose_checked, without_hydra

    programs = [word for word in words if word in BASES] or list(BASES)
    part, parts = next((map(int, word.split("/")) for word in words if "/" in word), (1, 1))
    counts: dict[str, Counter[str]] = {program: Counter() for program in programs}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = make_data(folder)
        for program in programs:
            settings = [one.format(**names, fresh=f"{folder}/store") for one in BASES[program]]
            config = without_hydra(compose_checked(program, [*settings, "hydra.run.dir=x"]))
            for number, mistake in enumerate(list(mistakes_of(program, settings))[part - 1 :: parts]):
                own = {name: f"{folder}/{program}_{name}{number}" for name in ("missing", "empty", "fresh")}
                Path(own["empty"]).mkdir()
                if program == "forget":
                    shutil.copytree(folder / "store", own["fresh"])
                base = [one.format(**names, **own) for one in BASES[program]]
                tried = Mistake(program, mistake.setting.format(**names, **own))
                start = time.perf_counter()
                outcome = checked(tried, base, config) or run_forked(tried, base, folder / f"{program}{number}")
                counts[program][outcome.verdict] += 1
                seconds = time.perf_counter() - start
                sys.stdout.write(
                    f"{outcome.verdict:13} {seconds:4.1f} s  {program} {tried.setting}  {outcome.message[:160]}\n"
                )
                sys.stdout.flush()
    spent = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    sys.stdout.write(f"{table(counts)}\n{spent:.0f} s of processor\n")
    return sum(found[verdict] for found in counts.values() for verdict in ("traceback", "wrong success", "hang"))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.path.insert(0, str(ROOT))
        sys.exit(min(main(sys.argv[1:]), 1))
