"""A package outside of the checkout adds an encoder and a metric: installed and used as a user does."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import error_of, run
from tests.tiny import SMALL

ROOT = Path(__file__).resolve().parent.parent
OWN = ["hydra.searchpath=[pkg://own_encoder.conf]", "model=decaying_mean", "metrics=with_first_places"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    place = tmp_path_factory.mktemp("site")
    source = shutil.copytree(ROOT / "examples" / "own_encoder", place / "source")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(place / "lib"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place / "lib"


def train(installed, folder, small_log, *overrides, status=0):
    arguments = [*SMALL, f"data.path={small_log}", f"hydra.run.dir={folder / 'run'}", *overrides]
    return run("train", *arguments, cwd=installed, status=status)  # which is on its path


def test_an_installed_package_adds_its_components(installed, small_log, tmp_path):
    train(installed, tmp_path, small_log, *OWN, "model.encoder.decay=0.9", "monitor=val/first_place_rate")
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert 0 <= metrics["test/first_place_rate"] <= metrics["test/hit_rate@5"]
    assert metrics["protocol"]["chosen_by"] == "val/first_place_rate"
    refused = train(installed, tmp_path, small_log, *OWN, "model.encoder.decay=1.5", status=1)
    assert error_of(refused).startswith("error: model.encoder.decay is 1.5, allowed are numbers above 0 and below 1")
    misspelt = train(installed, tmp_path, small_log, *OWN, "model.encoder.decya=0.5", status=1)
    assert "model.encoder.decya is no setting; did you mean model.encoder.decay" in error_of(misspelt)


def test_a_folder_adds_choices_but_is_not_trusted(installed, small_log, tmp_path):
    (tmp_path / "mine" / "model").mkdir(parents=True)
    text = (installed / "own_encoder" / "conf" / "model" / "decaying_mean.yaml").read_text()
    (tmp_path / "mine" / "model" / "mine.yaml").write_text(text.replace("own_encoder.encoder.Decaying", "elsewhere."))
    refused = train(installed, tmp_path, small_log, f"--config-dir={tmp_path / 'mine'}", "model=mine", status=1)
    assert "add trusted=[elsewhere.MeanEncoder] to the command line if you trust it" in error_of(refused)
    misspelt = train(
        installed, tmp_path, small_log, "--config-dir", str(tmp_path / "mine"), "model=mine", "model.decay=1", status=1
    )
    assert "model.decay is no setting" in error_of(misspelt)
    nowhere = train(installed, tmp_path, small_log, "--config-dir=nowhere", status=1)
    assert error_of(nowhere) == "error: --config-dir is 'nowhere', which is no folder; change --config-dir"
