"""Every file below conf/ composes, names classes that exist, and sets only what they take."""

import inspect
import json
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import get_class, get_object
from omegaconf import DictConfig, OmegaConf

from seqmine.runs.components import CONF_DIR, build, is_allowed
from seqmine.structs import Catalog
from tests.programs import run
from tests.tiny import call

FILES = sorted(path.relative_to(CONF_DIR) for path in CONF_DIR.rglob("*.yaml"))
MODELS = sorted(path.stem for path in (CONF_DIR / "model").glob("*.yaml"))
EXPERIMENTS = sorted(path.stem for path in (CONF_DIR / "experiment").glob("*.yaml"))


def composed(*overrides: str) -> DictConfig:
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("train", list(overrides))
    config.paths.run = "run"
    config.run_name = "name"
    return config


def targets(node) -> list[DictConfig]:
    if isinstance(node, DictConfig):
        found = [node] if "_target_" in node else []
        return found + [hit for key in node for hit in targets(node._get_node(key))]
    return []


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_says_what_it_is_and_names_classes_that_take_its_keys(path):
    text = (CONF_DIR / path).read_text()
    assert text.startswith("# "), "the first line says what it is"
    for node in targets(OmegaConf.load(CONF_DIR / path)):
        assert is_allowed(node._target_)
        parameters = inspect.signature(get_object(node._target_)).parameters
        if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
            continue
        keys = {key for key in node if not key.startswith("_") and key != "defaults"}
        assert keys <= set(parameters), f"{node._target_} does not take {keys - set(parameters)}"


@pytest.mark.parametrize("name", MODELS)
def test_a_model_is_built_for_a_catalog(name):
    config = composed(f"model={name}")
    module = build(config.model, [])(catalog=Catalog.of_size(20))
    assert isinstance(module, get_class("lightning.LightningModule"))


@pytest.mark.parametrize(
    "name", [name for name in MODELS if "encoder" in OmegaConf.load(CONF_DIR / f"model/{name}.yaml")]
)
def test_every_trained_model_can_score_by_cosines(name):
    assert "cosine_temperature" in composed(f"model={name}").model


def log_for(name: str, small_log: Path, tmp_path: Path) -> Path:
    """Return a small log of the form that an experiment reads."""
    if "/data: interactions" not in (CONF_DIR / "experiment" / f"{name}.yaml").read_text():
        return small_log
    rows = [
        f"{line.split()[0]},{item},{100 * place},{'view' if place % 2 else 'buy'}"
        for line in small_log.read_text().splitlines()
        for place, item in enumerate(line.split()[1:])
    ]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["user_id,item_id,timestamp,behavior", *rows]) + "\n")
    return path


def attributes_for(name: str, log: Path, tmp_path: Path) -> list[str]:
    """Return the setting that names attributes of the items of a log, for an experiment that asks for them."""
    if "multi_valued" not in (CONF_DIR / "experiment" / f"{name}.yaml").read_text():
        return []
    items = {item for line in log.read_text().splitlines() for item in line.split()[1:]}
    path = tmp_path / "attributes.json"
    path.write_text(json.dumps({item: [number % 3, 3 + number % 2] for number, item in enumerate(sorted(items))}))
    return [f"data.item_attributes.path={path}"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_runs(name, small_log, tmp_path):
    path = log_for(name, small_log, tmp_path)
    more = attributes_for(name, path, tmp_path)
    source = [] if "/data: " in (CONF_DIR / "experiment" / f"{name}.yaml").read_text() else ["data=sequences"]
    arguments = [
        f"experiment={name}",
        *source,
        f"data.path={path}",
        *more,
        "trainer=smoke",
        "logger=none",
        "baselines=none",
    ]
    short = [
        "data.max_length=8",
        "trainer.precision=32-true",
        "trainer.max_epochs=1",
        "trainer.enable_model_summary=false",
    ]
    call("train", tmp_path / "run", *arguments, *short, "++trainer.enable_progress_bar=false")
    assert (tmp_path / "run" / "metrics.json").is_file()


def test_the_log_is_asked_for_the_protocol_and_published_numbers_state_theirs():
    """Logs of published numbers whose users come back to no item, and every experiment, keep the filter that they had."""
    assert composed("data=interactions", "data.path=x").evaluation.seen == "auto"
    for name in ("synthetic", "ml-1m", "amazon-beauty"):
        assert composed(f"data={name}").evaluation.seen == "full"
    assert composed("data=ml-1m", "evaluation.seen=none").evaluation.seen == "none"
    for name in EXPERIMENTS:
        asked = OmegaConf.load(CONF_DIR / "experiment" / f"{name}.yaml").evaluation.seen
        assert asked == ("auto" if name == "recommended" else "full"), name


def test_a_protocol_bundles_split_targets_candidates_and_cutoffs_and_the_command_line_has_the_last_word():
    whole = composed("data=ml-100k", "protocol=time_to_split")
    split = build(whole.data.split, [])
    assert split.stated() == {"targets": "last", "validation": "time"}
    assert (split.val_share, split.test_from, whole.evaluation.seen) == (0.09, 0.9, "auto")
    for validation in ("last_train_item", "users"):
        build(composed("data=ml-100k", "protocol=time_to_split", f"data.split.validation={validation}").data.split, [])
    assert {"popular_last_week", "popular_last_hour", "markov"} <= set(whole.baselines)
    changed = composed(
        "data=ml-100k",
        "protocol=time_to_split",
        "data.split.targets=successive",
        "baselines=none",
        "evaluation.seen=none",
    )
    assert (changed.data.split.targets, changed.evaluation.seen, len(changed.baselines)) == ("successive", "none", 0)
    published = composed("data=interactions", "data.path=x", "protocol=leave_one_out")
    assert published.data.split._target_.endswith("LeaveOneOut") and published.evaluation.seen == "full"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_states_its_command_and_its_measured_result(name):
    header = (CONF_DIR / "experiment" / f"{name}.yaml").read_text().split("defaults:")[0]
    for word in (f"python -m seqmine.train experiment={name}", "seed", "measured", "NDCG@10", "minutes"):
        assert word in header, word


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (CONF_DIR / "trainer").glob("*.yaml") if path.stem != "gpu")
)
def test_a_trainer_is_built(name, tmp_path):
    config = composed(f"trainer={name}", "trainer.accelerator=cpu")
    config.paths.run = str(tmp_path)
    trainer = build(config.trainer, [])(logger=False, enable_progress_bar=False)
    assert trainer.max_epochs == config.trainer.max_epochs


@pytest.mark.parametrize("program", sorted(path.stem for path in CONF_DIR.glob("*.yaml")))
def test_help_is_there_without_torch(program, tmp_path):
    done = run(program, "--help", cwd=Path(tmp_path))
    assert program in done.stdout
