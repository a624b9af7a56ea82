"""Validation NDCG@10 by minute of training and validation, ours and RePlay's, on one file, and the picture of both.

    taskset -c 0 python benchmarks/quality.py beauty --environments /tmp/peers --data beauty.txt.gz --minutes 16
    taskset -c 1 python benchmarks/quality.py ml-1m --environments /tmp/peers --data ml-1m.txt.gz --minutes 16
    python benchmarks/quality.py picture   # benchmarks/quality.png, from benchmarks/quality-*.json
Each file has three runs of one seed, one after the other: RePlay's SASRec, ours of the same shape (2 layers, size 64, 1
head, dropout .2, batch 128, full cross-entropy, lr 1e-3), and our experiment for the file. All rank the whole catalog
without the items of the history.
"""

import argparse
import csv
import json
import sys
import tempfile
from datetime import timedelta
from itertools import accumulate
from pathlib import Path

from peers import HERE, TASKS, measure

SAME = [
    "data=sequences",
    "model=sasrec",
    "model/loss=cross_entropy",
    "data.batch_size=128",
    "optimizer.lr=1e-3",
    "trainer.max_epochs=500",
]
EXPERIMENTS = {
    "beauty": ["experiment=amazon-beauty", "model.cosine_temperature=0.07", "model.encoder.norm_first=false"],
    "ml-1m": ["experiment=ml-1m"],
}
TITLES = {"beauty": "Amazon Beauty", "ml-1m": "MovieLens 1M"}


def main() -> None:
    """Run the curves of one file, or draw those of both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=[*TITLES, "picture"])
    parser.add_argument("--environments", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--minutes", type=float, default=16)
    args = parser.parse_args()
    if args.task == "picture":
        return draw()
    _, length, _ = TASKS[args.task]
    path = str(args.data.resolve())
    curves = {"RePlay, SASRec": theirs(args, path, length)}
    write(args.task, curves)
    for name, options in (
        ("seqmine, the same SASRec", [*SAME, f"data.max_length={length}"]),
        ("seqmine, experiment", EXPERIMENTS[args.task]),
    ):
        curves[name] = ours(path, options, args.minutes)
        write(args.task, curves)
    return None


def theirs(args: argparse.Namespace, path: str, length: int) -> list[list[float]]:
    """Return minutes and NDCG@10 after each epoch of RePlay."""
    layout = "user-per-line" if args.task == "beauty" else "event-per-line"
    command = [str(args.environments / "replay/bin/python"), str((HERE / "peers/replay_sasrec.py").resolve())]
    command += ["--data", path, "--layout", layout, "--max-length", str(length)]
    command += ["--epochs", "500", "--minutes", str(args.minutes)]
    with tempfile.TemporaryDirectory() as folder:
        output, _, _ = measure(command, folder)
    printed = json.loads(output.splitlines()[-1])
    return curve(printed["ndcg"], printed["train_epoch_s"], printed["validation_s"])


def ours(path: str, options: list[str], minutes: float) -> list[list[float]]:
    """Return minutes and NDCG@10 after each epoch of ours."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "seqmine.train", *options, f"data.path={path}", "logger=csv", "baselines=none"]
        command += [f"hydra.run.dir={folder}/run", f"paths.store={folder}/store"]
        measure([*command, f"trainer.max_time=00:0{timedelta(minutes=minutes)}"], folder)
        metrics = json.loads(Path(folder, "run", "metrics.json").read_text())
        with next(Path(folder, "run", "csv").rglob("metrics.csv")).open() as rows:
            found = {
                row["epoch"]: float(row["val/ndcg@10"])
                for row in reversed(list(csv.DictReader(rows)))
                if row["val/ndcg@10"]
            }
    ndcg = [found[epoch] for epoch in sorted(found, key=int)][:-1]  # the last is that of the best checkpoint, once more
    return curve(ndcg, [metrics["time/train_epoch_s"]] * len(ndcg), [metrics["time/validate_s"]] * len(ndcg))


def curve(ndcg: list[float], training: list[float], validation: list[float]) -> list[list[float]]:
    """Return minutes since the start and NDCG@10, after each epoch."""
    seconds = accumulate(map(sum, zip(training, validation, strict=False)))
    return [[second / 60, value] for second, value in zip(seconds, ndcg, strict=False)]


def write(task: str, curves: dict[str, list[list[float]]]) -> None:
    """Write the curves of a file, and print the best of each and when it came."""
    (HERE / f"quality-{task}.json").write_text(json.dumps(curves))
    for name, points in curves.items():
        minute, best = max(points, key=lambda point: point[1])
        print(f"{task}: {name}: best {best:.4f} after {minute:.1f} minutes, {len(points)} epochs", flush=True)


def draw() -> None:
    """Draw the curves of all files."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), dpi=110, layout="constrained")
    for axes, (task, title) in zip(figure.subplots(1, 2), TITLES.items(), strict=True):
        for name, points in json.loads((HERE / f"quality-{task}.json").read_text()).items():
            axes.plot(*zip(*points, strict=True), marker=".", label=name)
        axes.set(xscale="log", xlabel="minutes on one core", ylabel="validation NDCG@10", title=title)
        axes.set_ylim(bottom=0)
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left" if task == "ml-1m" else "center right", fontsize=8)
    FigureCanvasAgg(figure)
    figure.savefig(HERE / "quality.png")


if __name__ == "__main__":
    main()
