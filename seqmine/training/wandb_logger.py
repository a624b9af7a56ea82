"""W&B without questions and waiting: offline where there is no key or no network, and no socket when offline."""

import logging
import os
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import wandb
from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import WandbLogger

from seqmine.structs import UserError

_log = logging.getLogger(__name__)
_ONLINE, _OFFLINE, _DISABLED = ("online", "run", "shared"), ("offline", "dryrun"), ("disabled",)
_PATIENCE_S = 4.0  # for the first answer of a server


def build_wandb_logger(
    *, project: str, name: str, group: str | None, tags: list[str | int | float], save_dir: str, send_weights: bool
) -> WandbLogger | None:
    """Make a W&B logger, online where there is a key (``WANDB_API_KEY``, or that of ``wandb login``) and an answer.

    ``WANDB_MODE`` decides otherwise; what W&B reads from the environment beside it holds too, such as
    ``WANDB_ENTITY``. What the terminal shows is not sent, as a progress bar is most of it; ``WANDB_CONSOLE=wrap`` does.

    Args:
        project: W&B project.
        name: of the run; the number or id of its folder is added, so that equal commands are told apart.
        group: runs of one sweep share it.
        tags: labels of the run.
        save_dir: run folder, below which W&B keeps its own.
        send_weights: whether the artifact of the weights has them, or only says where they lie.

    Returns:
        The logger; None where ``WANDB_MODE=disabled``.

    Raises:
        UserError: an unknown ``WANDB_MODE``, or one that is online without a key.
    """
    mode = _mode()
    if mode in _DISABLED:
        return None
    os.environ.setdefault("WANDB_SILENT", "true")
    if mode in _OFFLINE:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    Path(save_dir).mkdir(parents=True, exist_ok=True)
    logger = UnattendedLogger(
        project=project, name=f"{name} {Path(save_dir).name.rpartition('_')[2]}", group=group,
        tags=[str(tag) for tag in tags], save_dir=save_dir, job_type="train",
        # Lightning's own argument for this would change the environment of all that comes after
        mode="offline" if mode in _OFFLINE else mode,
        settings=wandb.Settings(console=os.environ.get("WANDB_CONSOLE", "off")),  # type: ignore[arg-type]
    )  # fmt: skip
    logger.sends_weights = send_weights
    return logger


class UnattendedLogger(WandbLogger):
    """A W&B logger that goes on offline where the server does not answer or refuses the key.

    The command line is not sent, since its settings may be secret; the configuration of the run has them, blanked.
    """

    sends_weights = False

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The run of W&B, which starts when it is first asked for."""
        if self._experiment is None:
            self._wandb_init.pop("anonymous", None)  # W&B warns of this setting even when it is None
            arguments, sys.argv = sys.argv, sys.argv[:1]
            try:
                self._start()
            finally:
                sys.argv = arguments
        return self._experiment

    def _start(self) -> None:
        """Start a run, online where that is asked for and possible."""
        if self._wandb_init["mode"] in _ONLINE and not _answers(_server(), _PATIENCE_S):
            self._stay_offline(f"{_server()} does not answer within {_PATIENCE_S:.0f} s")
        try:
            run = super().experiment
        except wandb.Error as error:
            self._stay_offline(" ".join(str(error).split()))
            run = super().experiment
        if run.url:
            _log.info("W&B: %s", run.url)

    def _stay_offline(self, why: str) -> None:
        self._wandb_init["mode"] = "offline"
        folder = Path(str(self.save_dir)) / "wandb"
        _log.warning("W&B is offline, since %s; upload the run later: wandb sync %s/offline-run-*", why, folder)


def _mode() -> str:
    """Return what ``WANDB_MODE`` says, or what a key allows."""
    known = (*_ONLINE, *_OFFLINE, *_DISABLED)
    mode = os.environ.get("WANDB_MODE")
    if not mode:
        return "online" if _has_key() else "offline"
    if mode not in known:
        raise UserError(f"WANDB_MODE is {mode!r}, allowed are {', '.join(known)}; change or unset it")
    if mode in _ONLINE and not _has_key():
        raise UserError(f"WANDB_MODE is {mode!r}, but there is no key of W&B; run `wandb login`, or unset WANDB_MODE")
    return mode


def _has_key() -> bool:
    from wandb.sdk.lib.wbauth import read_netrc_auth

    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    try:
        return read_netrc_auth(host=_server()) is not None
    except wandb.errors.AuthenticationError:  # W&B says what is wrong with it
        return True


def _server() -> str:
    """Return the address of the server that W&B talks to."""
    settings = wandb.Settings()
    settings.update_from_system_settings()
    settings.update_from_env_vars(dict(os.environ))
    return settings.base_url


def _answers(address: str, seconds: float) -> bool:
    """Tell whether a server answers, whatever it says; looking up its name can take longer, so it is not waited for."""
    answered = threading.Event()

    def ask() -> None:
        try:
            urllib.request.urlopen(address, timeout=seconds).close()
        except urllib.error.HTTPError as answer:
            answer.close()
        except (OSError, ValueError):
            return
        answered.set()

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return answered.is_set()
