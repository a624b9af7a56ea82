import sys
import time

import pytest
import wandb

from seqmine.structs import UserError
from seqmine.training import wandb_logger
from seqmine.training.wandb_logger import build_wandb_logger

KEY = "k" * 40


def built(tmp_path):
    return build_wandb_logger(
        project="p", name="n", group="g", tags=["t"], save_dir=str(tmp_path / "day_4f"), send_weights=False
    )


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No key and no setting of the machine that the tests run on; a server that refuses at once."""
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_IDENTITY_TOKEN_FILE", "WANDB_CONSOLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("environment", "mode"),
    [
        ({}, "offline"),
        ({"WANDB_API_KEY": KEY}, "online"),
        ({"WANDB_API_KEY": KEY, "WANDB_MODE": "offline"}, "offline"),
        ({"WANDB_API_KEY": KEY, "WANDB_MODE": "dryrun"}, "offline"),
    ],
)
def test_a_run_is_online_only_with_a_key(monkeypatch, tmp_path, environment, mode):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert built(tmp_path)._wandb_init["mode"] == mode


def test_the_key_of_a_login_counts_where_it_is_of_this_server(monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1:9 login user password {KEY}\n")
    assert built(tmp_path)._wandb_init["mode"] == "online"
    monkeypatch.setenv("WANDB_BASE_URL", "http://another.example")
    assert built(tmp_path)._wandb_init["mode"] == "offline"


def test_disabled_makes_no_logger(monkeypatch, tmp_path):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert built(tmp_path) is None


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [("of", "WANDB_MODE is 'of', allowed are online, .*"), ("online", "there is no key of W&B; run `wandb login`")],
)
def test_a_mode_that_cannot_be_is_refused(monkeypatch, tmp_path, mode, sentence):
    monkeypatch.setenv("WANDB_MODE", mode)
    with pytest.raises(UserError, match=sentence):
        built(tmp_path)


def test_equal_commands_have_names_of_their_own(tmp_path):
    assert built(tmp_path)._name == "n 4f"


def test_a_silent_server_is_not_waited_for(monkeypatch):
    class Silent:
        def __init__(self, *_, **__):
            time.sleep(9)

    monkeypatch.setattr(wandb_logger.urllib.request, "urlopen", Silent)
    start = time.monotonic()
    assert not wandb_logger._answers("http://127.0.0.1:9", 0.2)
    assert time.monotonic() - start < 2


@pytest.mark.parametrize("failure", [None, wandb.errors.CommError("the key is\nrefused")])
def test_without_network_or_with_a_bad_key_a_run_goes_on_offline_and_says_so(monkeypatch, tmp_path, caplog, failure):
    """With a key and no answer the run starts offline at once; where a server refuses the key, after its answer."""
    started = []

    def init(**settings):
        started.append((settings["mode"], list(sys.argv)))
        if settings["mode"] == "online" and failure is not None:
            raise failure
        return wandb.sdk.lib.RunDisabled()

    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.setattr(wandb, "init", init)
    monkeypatch.setattr(sys, "argv", ["train", "data.connection.password=x"])
    if failure is not None:
        monkeypatch.setattr(wandb_logger, "_answers", lambda *_: True)
    start = time.monotonic()
    assert built(tmp_path).experiment is not None
    assert time.monotonic() - start < 5
    assert started[-1] == ("offline", ["train"]), "the command line is nobody's business"
    assert len(started) == (1 if failure is None else 2)
    assert sys.argv == ["train", "data.connection.password=x"]
    why = "does not answer within 4 s" if failure is None else "the key is refused"
    assert f"{why}; upload the run later: wandb sync {tmp_path / 'day_4f' / 'wandb'}/offline-run-*" in caplog.text
