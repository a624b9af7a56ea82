"""Configurations as the command line composes them, with every mistake told before anything runs."""

import difflib
import os
import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf, open_dict

from seqmine.app.checks import check_complete, check_credentials, check_groups, may_be_trainer_argument, unknown_key
from seqmine.app.typed import SEARCH, searched, setting, unreadable
from seqmine.runs.components import CONF_DIR, absent, refusal
from seqmine.runs.settings import without_secret
from seqmine.structs.disk import reason_of
from seqmine.structs.errors import UserError

_LONGEST_LABEL = 100
# what tells nothing of what is computed; the model is the name of a run already
_NO_CHANGES = ("model", "run_name", "tags", "trusted", "debug", "resume")
_NO_CHANGES_BELOW = ("logger", "paths", "hydra", "callbacks")

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

_QUERIES = ("data.query", "data.items_query")


def compose_checked(name: str, overrides: Iterable[str]) -> DictConfig:
    """Compose the configuration of a program.

    Args:
        name: of the program and of its configuration in ``conf/``.
        overrides: settings as on the command line, such as ``model=gru`` and ``optimizer.lr=1e-3``.

    Returns:
        The configuration, with Hydra's own under ``hydra``.

    Raises:
        UserError: a setting that does not exist, has a value of another type, is not set, or holds a password.
    """
    from hydra import compose, initialize_config_dir
    from hydra.errors import HydraException

    register_resolvers()
    arguments = as_hydra_reads(name, overrides)
    try:
        with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
            parsed = [_parsed(argument) for argument in arguments]
            places = [CONF_DIR, *searched(arguments)]
            groups = [item.input_line for item in parsed if _is_group(item.key_or_group, places)]
            _check_choices(name, parsed, groups)
            arguments, groups = without_nothing(arguments), without_nothing(groups)
            defaults = compose(name, groups)
            for item in [item for item in parsed if item.input_line in arguments]:
                may_be_new = item.is_add() or item.is_force_add() or item.input_line in groups
                _check_key(item.key_or_group, may_be_new, defaults)
            config = compose(name, arguments, return_hydra_config=True)
    except HydraException as error:
        raise refused_by_hydra(error) from None
    settings = without_hydra(config)
    check_groups(settings, defaults)
    check_complete(settings)
    check_credentials(settings)
    return config


def refused_by_hydra(error: Exception) -> UserError:
    """Return what Hydra has to say of a configuration in one sentence, without the places that it searched."""
    missing, options = getattr(error, "missing_cfg_file", None), getattr(error, "options", None)
    group, _, choice = str(missing or "").rpartition("/")
    if not options or not group:
        return UserError(" ".join(str(error).split()))
    near = difflib.get_close_matches(choice, options, n=1)
    hint = f"did you mean {group}={near[0]}?" if near else f"write {group}=<choice>"
    return UserError(f"{group} is {choice!r}, allowed are {', '.join(sorted(options))}; {hint}")


def without_hydra(config: DictConfig) -> DictConfig:
    """Return the settings of a program only."""
    settings = deepcopy(config)
    with open_dict(settings):
        del settings["hydra"]
    return settings


def as_hydra_reads(name: str, arguments: Iterable[str]) -> list[str]:
    """Write the arguments of a program as Hydra wants them; what it can read already stays as it is."""
    return trainer_arguments(name, map(quoted_name, map(quoted_query, map(named_group, arguments))))


def without_nothing(arguments: Iterable[str]) -> list[str]:
    """Leave out groups of which nothing is chosen, as is the default of some: Hydra does not read a null there.

    >>> without_nothing(["experiment=null", "ckpt_path=null", "seed=1"])
    ['ckpt_path=null', 'seed=1']
    """
    parts = [(argument, *argument.partition("=")[::2]) for argument in arguments]
    return [argument for argument, key, value in parts if value != "null" or not _is_group(key, [CONF_DIR])]


def quoted_query(argument: str) -> str:
    """Write a query as one text: its commas, stars and brackets mean nothing to Hydra.

    >>> quoted_query("data.query=select user, item from log"), quoted_query("data.query='select 1'")
    ("data.query='select user, item from log'", "data.query='select 1'")
    """
    key, _, value = argument.partition("=")
    is_plain = bool(value) and value != "null" and not value.startswith(("'", '"', "${"))
    return setting(key, value) if key in _QUERIES and is_plain else argument


def quoted_name(argument: str) -> str:
    """Write the name of a run as a text, also where it is a number.

    >>> quoted_name("run_name=7"), quoted_name("run_name=a"), quoted_name("seed=7")
    ("run_name='7'", 'run_name=a', 'seed=7')
    """
    key, _, value = argument.partition("=")
    return setting(key, value) if key == "run_name" and re.fullmatch(r"[+-]?[\d_.]+(e[+-]?\d+)?", value) else argument


def named_group(argument: str) -> str:
    """Write the choice of a group as Hydra wants it: ``data.engine=spark`` becomes ``data/engine=spark``."""
    key, _, choices = argument.partition("=")
    group = CONF_DIR.joinpath(*key.split("."))
    if (
        "." in key
        and group.is_dir()
        and all((group / f"{choice}.yaml").is_file() for choice in choices.strip("[]").split(","))
    ):
        return f"{key.replace('.', '/')}={choices}"
    return argument


def trainer_arguments(name: str, arguments: Iterable[str]) -> list[str]:
    """Write arguments of Lightning's trainer that the configuration does not list as Hydra wants what it has to add."""
    shipped = OmegaConf.load(CONF_DIR / f"{name}.yaml")
    assert isinstance(shipped, DictConfig)
    groups = {group for entry in shipped.defaults if isinstance(entry, DictConfig) for group in map(str, entry)}
    listed = OmegaConf.load(CONF_DIR / "trainer" / "default.yaml") if "trainer" in groups else shipped.get("trainer")
    return [_added_if_unlisted(argument, listed) for argument in arguments]


def _added_if_unlisted(argument: str, listed: Any) -> str:
    key = argument.partition("=")[0]
    if listed is None or not key.startswith("trainer.") or key.removeprefix("trainer.") in listed.keys():  # noqa: SIM118 - `in` skips unset values
        return argument
    return f"++{argument}" if may_be_trainer_argument(key) else argument


def register_resolvers() -> None:
    """Tell OmegaConf the references that ``conf/`` uses in addition to Hydra's."""
    OmegaConf.register_new_resolver("stamp", stamp, use_cache=True, replace=True)
    OmegaConf.register_new_resolver("rank_suffix", rank_suffix, replace=True)
    OmegaConf.register_new_resolver("run_label", run_label, replace=True)


def stamp() -> str:
    """Name a run: date, time and a run id, the same in all processes that a launcher started together."""
    if "TORCHELASTIC_RUN_ID" in os.environ:
        started = Path(f"/proc/{os.getppid()}").stat().st_ctime
        return f"{datetime.fromtimestamp(started):%Y-%m-%d_%H-%M-%S}_{os.getppid():x}"
    return f"{datetime.now():%Y-%m-%d_%H-%M-%S}_{os.urandom(3).hex()}"


def rank_suffix() -> str:
    """Return what tells the files of a process from those of the first one: nothing for the first."""
    rank = os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0"))
    return "" if rank == "0" else f"_rank{rank}"


def run_label(name: str) -> str:
    """Return a name of the run that tells it from others of the same name: with the settings that were typed for it."""
    from hydra.core.hydra_config import HydraConfig

    typed = HydraConfig.get().overrides.task if HydraConfig.initialized() else ()
    return " ".join([name, *changes(typed)])[:_LONGEST_LABEL]


def changes(overrides: Iterable[str]) -> list[str]:
    """Return in short what overrides change about what is computed; names, places and secrets are left out.

    >>> changes(["model=gru", "run_name=a", "optimizer.lr=0.01", "data.path=a/b.csv", "model/loss=bce", "data=ml-1m"])
    ['lr=0.01', 'loss=bce', 'data=ml-1m']
    """
    told = []
    for override in overrides:
        key, mark, value = override.lstrip("+").partition("=")
        words = re.split(r"[./@]", key)
        is_known = words[-1].startswith("enable_") or key in _NO_CHANGES or words[0] in _NO_CHANGES_BELOW
        if mark and not is_known and "/" not in value and override == without_secret(override):
            told.append(f"{words[-1]}={value}")
    return told


def mistake_behind(error: BaseException | None) -> Exception | None:
    """Find what the user can mend among an error and its causes: a mistake, a place, or a package that is not there."""
    from lightning.fabric.utilities.exceptions import MisconfigurationException

    chain = []
    while error is not None and error not in chain:
        chain.append(error)
        error = error.__cause__ or error.__context__
    mistake = next((one for one in chain if isinstance(one, UserError | MisconfigurationException)), None)
    return mistake or next(filter(None, map(_place_behind, chain)), None) or _package_behind(chain[-1])


def _package_behind(error: BaseException) -> UserError | None:
    """Tell of a package that is imported where it is first needed; a module of this project is never one."""
    if not isinstance(error, ModuleNotFoundError) or (error.name or "seqmine").startswith("seqmine"):
        return None
    return UserError(f"this run {absent(error)}")


def _place_behind(error: BaseException) -> UserError | None:
    reason, place = reason_of(error), getattr(error, "filename", None)
    if reason is None:
        return None
    return UserError(
        f"{'the folder of the run' if place is None else place} {reason} ({error}); mend that, or let the setting that "
        "names it, such as hydra.run.dir, name another one"
    )


def _parsed(argument: str) -> "Override":
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return OverridesParser.create().parse_override(argument)
    except HydraException:
        raise unreadable(argument) from None


def _is_group(key: str, places: Sequence[Path]) -> bool:
    """Tell whether a key is a group of configuration, or where more of it is searched."""
    return key == SEARCH or any((place / key.split("@", maxsplit=1)[0]).is_dir() for place in places)


def _check_choices(name: str, parsed: "Sequence[Override]", groups: Sequence[str]) -> None:
    """Refuse to switch off a group of which a program needs a choice."""
    from hydra import compose

    lines = [item.input_line for item in parsed if item.input_line in groups and item.value() is None]
    off = [line.partition("=")[0] for line in lines]  # with the place of the group, as in model/norm@model.encoder.norm
    if not off:
        return
    others = [line for line in groups if line.partition("=")[0] not in off]
    chosen = compose(name, others, return_hydra_config=True).hydra.runtime.choices
    for group in off:
        if chosen.get(group) not in (None, "null"):
            raise refusal(group.split("@")[0].replace("/", "."), None, None)


def _check_key(key: str, may_be_new: bool, defaults: DictConfig) -> None:
    if may_be_new or key.startswith("hydra"):
        return
    parent, _, leaf = key.rpartition(".")
    node = OmegaConf.select(defaults, parent) if parent else defaults
    if not isinstance(node, DictConfig) or leaf not in node.keys():  # noqa: SIM118 - `in` skips unset values
        raise unknown_key(key, defaults)
