import io
import json
import logging
from types import SimpleNamespace

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from seqmine.app.start import quiet_lightning, settle_protocol, settle_recipe, start_run
from seqmine.runs.components import CONF_DIR, build
from seqmine.structs import columns_read
from seqmine.training.recipe import LogCounts, Recipe


@pytest.mark.parametrize("asked", [True, False])
def test_a_run_begins_with_its_settings_and_its_environment_and_shows_them_on_request(tmp_path, capsys, asked):
    settings = {"paths": {"run": str(tmp_path)}, "seed": 7, "twin": "${seed}", "api_key": "secret"}
    start_run(OmegaConf.create({**settings, "print_config": asked}))
    written = OmegaConf.load(tmp_path / "config.yaml")
    assert (written.twin, written.api_key) == (7, "***")
    composed = OmegaConf.to_container(OmegaConf.load(tmp_path / "composed.yaml"), resolve=False)
    assert (composed["twin"], composed["api_key"]) == ("${seed}", "***")
    assert json.loads((tmp_path / "environment.json").read_text())["versions"]["seqmine"]
    shown = capsys.readouterr().err
    assert ("configuration" in shown) is asked
    assert "secret" not in shown


def test_the_terminal_shows_no_talk_of_the_framework_and_its_warnings(monkeypatch):
    root, stream, kept = logging.getLogger(), io.StringIO(), []
    terminal, file = logging.StreamHandler(stream), logging.Handler()
    file.emit = lambda record: kept.append(record.getMessage())
    monkeypatch.setattr(root, "handlers", [terminal, file])
    monkeypatch.setattr(root, "level", logging.INFO)
    quiet_lightning()
    framework, own = logging.getLogger("lightning.pytorch.anything"), logging.getLogger("seqmine.anything")
    framework.info("GPU available")
    framework.warning("careful")
    own.info("data")
    assert stream.getvalue().splitlines() == ["careful", "data"]
    assert kept == ["GPU available", "careful", "data"]


def test_what_the_protocol_became_is_stored_in_place_of_auto(tmp_path):
    config = OmegaConf.create({"paths": {"run": str(tmp_path)}, "evaluation": {"seen": "auto"}})
    settle_protocol(config, SimpleNamespace(seen="none"))
    assert config.evaluation.seen == "none"
    assert OmegaConf.load(tmp_path / "config.yaml").evaluation.seen == "none"


def test_a_reference_between_settings_stays_alive_whatever_its_name(tmp_path):
    raw = {"paths": {"run": str(tmp_path)}, "item": None, "items_key": "${item}", "api_key": "${oc.env:HOME,abc}"}
    start_run(OmegaConf.create(raw))
    composed = OmegaConf.to_container(OmegaConf.load(tmp_path / "composed.yaml"), resolve=False)
    assert (composed["items_key"], composed["api_key"]) == ("${item}", "***")


def test_what_a_program_was_asked_is_kept_beside_the_settings_of_the_run(tmp_path):
    settings = OmegaConf.create({"paths": {"run": str(tmp_path)}, "program": "train"})
    start_run(settings, asked=OmegaConf.create({"program": "evaluate", "run": "x"}))
    assert OmegaConf.load(tmp_path / "config.yaml").program == "train"
    assert OmegaConf.load(tmp_path / "composed.yaml").program == "evaluate"


def waiting_for_a_recipe(log, folder, *typed):
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("train", ["experiment=recommended", "data=sequences", f"data.path={log}", *typed])
    config.paths.run, config.paths.store, config.run_name = str(folder), str(folder / "store"), "name"
    return config, settle_recipe(config, build(config.data.module, []))


def test_a_recipe_counts_the_training_part_and_what_was_typed_has_the_last_word(small_log, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    config, data = waiting_for_a_recipe(small_log, tmp_path, "data.batch_size=25", "model.encoder.dropout=0.1")
    training = data.prepared.training_log()
    recipe, counts = Recipe(min_steps=4000, min_epochs=40), LogCounts.of(training, data.catalog.num_items)
    assert counts.num_events == training.num_events < data.prepared.log.num_events, "held-out events decide nothing"
    sizes = recipe.sizes(counts)
    assert (config.data.batch_size, config.model.encoder.dropout) == (data.batching.batch_size, 0.1) == (25, 0.1)
    assert (config.data.max_length, config.model.embedding_dim) == (sizes["max_length"], sizes["embedding_dim"])
    assert config.trainer.max_epochs == recipe.epochs(counts, sizes["stride"], 25) == 500
    told = next(record.getMessage() for record in caplog.records if record.getMessage().startswith("recipe: "))
    assert "data.max_length=50" in told and "trainer.max_epochs=500" in told and "batch_size" not in told
    for name in ("config.yaml", "composed.yaml"):
        assert OmegaConf.load(tmp_path / name).trainer.max_epochs == 500, (
            "numbers, for every program that takes the run"
        )


def test_a_recipe_reads_behaviors_where_the_log_has_them(small_log, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    config, _ = waiting_for_a_recipe(small_log, tmp_path)
    assert config.model.context.behavior is None
    assert "recipe: model.context.behavior=null " in caplog.text
    caplog.clear()
    log = tmp_path / "log.csv"
    rows = [f"{user},{item},{('view', 'buy')[item % 2]},{item}" for user in range(9) for item in range(6)]
    log.write_text("\n".join(["user_id,item_id,behavior,timestamp", *rows]))
    config, data = waiting_for_a_recipe(log, tmp_path, "data=interactions", "data/cleaning=none")
    assert config.model.context.behavior._target_ and "behavior" not in caplog.text.split("recipe: ")[1]
    module = build(config.model, [])(catalog=data.catalog)
    assert "behaviors" in columns_read(module)


def test_without_a_recipe_nothing_is_counted(tmp_path):
    assert settle_recipe(OmegaConf.create({"recipe": None}), "data") == "data"
