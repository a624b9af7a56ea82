"""Is the promise of privacy=dp_sgd kept? Trainings with 1,000 planted users, attacked: honest ones, and one that lies.

    python -m benchmarks.one_run_audit [--runs 5] [--epsilons 2,8] [--canaries 1000]

Each training is attacked by ``seqmine.audit`` against a reference, a private training of other planted users. The lower
bound of epsilon (95% confidence, from one run) may be above what a training claims in none of the honest ones. Then the
clip is taken out from outside, by a patch of the function that bounds users, and the same training claims epsilon 2 as
before: that has to be caught. Last comes the same model without privacy, whose users are told from users held out. The
status is 0 where nothing honest is accused and the lie is caught.

The log is generated: 400 users, half of them held out. Noise is drawn by a seed, so that the numbers come again.
"""

import argparse
import json
import math
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from seqmine.app.auditing import audit
from seqmine.app.fit import fit_and_test
from seqmine.app.job import job
from seqmine.app.start import record_run
from seqmine.privacy import dp_sgd

_LOG = [
    "data=synthetic", "data.num_users=400", "data.mean_length=10", "data.max_length=10", "data/split=user_holdout",
    "data.split.val_share=0.25", "data.split.test_share=0.25",
]  # fmt: skip
_MODEL = [
    "model=gru", "model.embedding_dim=32", "model.encoder.hidden_dim=32", "trainer=cpu", "baselines=none",
    "optimizer.lr=0.02", "scheduler.warmup_steps=1", "logger=none",
]  # fmt: skip
_PRIVATE = ["privacy=dp_sgd", "privacy.delta=1e-5", "privacy.max_grad_norm=0.01", "data.batch_size=40"]
_QUIET = ["~callbacks.progress_bar", "trainer.enable_progress_bar=false"]
_EPOCHS, _OPEN_EPOCHS = 8, 40


def trained(folder: Path, *overrides: str) -> Path:
    """Train the model of all runs."""
    if (folder / "metrics.json").is_file():
        return folder
    place = [f"hydra.run.dir={folder}", f"paths.outputs={folder.parent}", f"trainer.max_epochs={_EPOCHS}"]
    with job("train", [*_LOG, *_MODEL, *_QUIET, *place, *overrides]) as config:
        record_run(config)
        fit_and_test(config)
    return folder


def attacked(run: Path, reference: Path) -> dict[str, Any]:
    """Attack a training, calibrated by a reference."""
    place = run.parent / f"{run.name}-audit"
    overrides = [f"run={run}", f"reference={reference}", f"hydra.run.dir={place}", f"paths.outputs={run.parent}"]
    with job("audit", overrides) as config:
        return audit(config)


def line(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return what is printed of an attack."""
    told: dict[str, Any] = {"training": name}
    if "one_run" in found:
        one = found["one_run"]
        told |= {"claimed": round(found["claimed_epsilon"], 3), "epsilon_low": round(one["epsilon_low"], 3)}
        told |= {"right": f"{one['correct']} of {one['guesses']}", "auc_planted": round(found["canaries"]["auc"], 3)}
        told |= {
            f"completed, {who}": round(found["memorization"][who]["first"], 3) for who in ("trained_on", "never_seen")
        }
    used = resource.getrusage(resource.RUSAGE_SELF)
    return told | {
        "auc_users": round(found["users"]["all"]["auc"], 3), "processor_s": round(used.ru_utime + used.ru_stime),
    }  # fmt: skip


def main() -> int:
    """Print a JSON line a training, and the verdict."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--epsilons", default="2,8")
    options.add_argument("--canaries", type=int, default=1000)
    options.add_argument("--folder", type=Path, default=None, help="keeps the runs, and takes those that it has")
    asked = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = (asked.folder or Path(name)).resolve()

        def private(called: str, epsilon: str, seed: int) -> Path:
            planted = [f"privacy.canaries={asked.canaries}", f"privacy.noise_seed={seed}"]
            return trained(folder / called, *_PRIVATE, f"privacy.epsilon={epsilon}", *planted)

        reference = private("reference", "2", 0)
        accused = 0
        for epsilon in asked.epsilons.split(","):
            for seed in range(1, asked.runs + 1):
                found = attacked(private(f"honest-{epsilon}-{seed}", epsilon, seed), reference)
                accused += found["one_run"]["refutes_the_claim"]
                print(json.dumps(line(f"honest {epsilon}, {seed}", found)), flush=True)
        bounded = dp_sgd.clipped_sum
        with mock.patch.object(dp_sgd, "clipped_sum", lambda *parts: bounded(*parts[:3], math.inf)):
            broken = private("broken-2", "2", 1)
        found = attacked(broken, reference)
        print(json.dumps(line("broken clip, 2", found)), flush=True)
        open_run = trained(folder / "none", "privacy=none", f"trainer.max_epochs={_OPEN_EPOCHS}")
        print(json.dumps(line("without privacy", attacked(open_run, reference))), flush=True)
    caught = found["one_run"]["refutes_the_claim"]
    print(f"honest trainings accused: {accused}; broken clip {'caught' if caught else 'MISSED'}")
    return int(accused > 0 or not caught)


if __name__ == "__main__":
    sys.exit(main())
