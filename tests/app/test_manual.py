import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from seqmine.app.composing import compose_checked
from seqmine.app.manual import examples, groups, listing, main, manual, programs, settings
from seqmine.runs.components import CONF_DIR

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = sorted(path.stem for path in CONF_DIR.glob("*.yaml"))
MUST = {name: ["run=x"] for name in ("evaluate", "explain", "recommend", "report")}
MUST |= {
    "judge": ["recommendations=x"],
    "audit": ["run=x"],
    "forget": ["store=x", "users=x"],
    "leaderboard": ["runs=x"],
    "embed": ["embedder.folder=x"],
    "tokenize": ["vectors=x"],
}


def test_every_program_is_listed_in_a_sentence():
    assert sorted(programs()) == NAMES
    assert all(name in listing() and len(sentence) < 110 for name, sentence in programs().items())


@pytest.mark.parametrize("name", NAMES)
def test_the_help_of_a_program_has_a_sentence_three_examples_settings_and_groups(name):
    text = (CONF_DIR / f"{name}.yaml").read_text()
    said = manual(name)
    assert programs()[name][1:] in said
    assert len(examples(text)) == 3
    assert 2 < len(settings(text)) < 12
    assert all(f"{group}=" in said for group, _ in groups(name))
    assert not any(group.startswith(("hydra", "paths")) for group, _ in groups(name))
    assert max(map(len, said.splitlines())) < 120


@pytest.mark.parametrize("name", NAMES)
def test_settings_exist_with_the_default_that_the_help_states(name):
    text = (CONF_DIR / f"{name}.yaml").read_text()
    config = compose_checked(name, MUST.get(name, []))
    for setting, _ in settings(text):
        key, _, default = setting.partition("=")
        assert OmegaConf.select(config, key) == OmegaConf.from_dotlist([f"value={default}"]).value, key


@pytest.mark.parametrize("name", NAMES)
def test_examples_compose(name):
    for example in examples((CONF_DIR / f"{name}.yaml").read_text()):
        _, _, program, *arguments = shlex.split(example)
        assert program == f"seqmine.{name}"
        is_sweep = "-m" in arguments
        first = [argument.partition(",")[0] if is_sweep else argument for argument in arguments if argument != "-m"]
        compose_checked(name, first)


def test_a_program_is_run_by_its_name(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["seqmine", "train", "--help"])
    main()
    assert capsys.readouterr().out == manual("train")
    main([])
    assert capsys.readouterr().out == listing()


def test_an_unknown_program_is_told_with_the_nearest(capsys):
    with pytest.raises(SystemExit) as raised:
        main(["trian"])
    assert raised.value.code == 1
    assert capsys.readouterr().err == "error: trian is no program, did you mean train? seqmine lists all of them\n"


def test_the_module_itself_is_the_command():
    done = subprocess.run([sys.executable, "-m", "seqmine"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == listing()
