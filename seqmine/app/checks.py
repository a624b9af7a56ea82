"""Mistakes on the command line, told before anything runs."""

import difflib
from collections.abc import Iterator, Sequence
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from seqmine.runs.settings import nodes
from seqmine.structs.credentials import without_credentials
from seqmine.structs.errors import UserError

_KINDS = {bool: "true or false", int: "a whole number", float: "a number"}


def check_types(config: DictConfig, defaults: DictConfig) -> None:
    """Refuse values whose type differs from that of the default.

    Raises:
        UserError: names the value, what is allowed, and the setting.
    """
    of_hydra = {name for name, node in nodes(defaults) if "${hydra:" in str(node._value())}  # known only inside a run
    known = {name for name, _ in nodes(defaults)}
    for key, value in _leaves(config):
        if key in of_hydra:
            continue
        default = OmegaConf.select(defaults, key)
        if isinstance(default, DictConfig) and value is not None:
            raise UserError(f"{key} is {value!r}, but {key} is a group; write {key.replace('.', '/')}={value}")
        if value is None or type(default) not in _KINDS or _same_kind(value, default):
            if key.startswith("trainer.") and value is not None and key not in known:
                _check_trainer_argument(key, value)
            continue
        if key.startswith("trainer.") and _trainer_takes(key, value):
            continue
        raise UserError(f"{key} is {value!r}, allowed is {_KINDS[type(default)]}; change {key}")


def check_complete(config: DictConfig) -> None:
    """Refuse a configuration in which a setting without default is not set.

    Raises:
        UserError: names the setting.
    """
    missing = sorted(name for name, node in nodes(config) if node._is_missing())
    if missing:
        raise UserError(f"{missing[0]} is not set and has no default; write {missing[0]}=<value>")


def check_credentials(config: DictConfig) -> None:
    """Refuse credentials that are written in an address: the history of the shell and the run folder would keep them.

    Raises:
        UserError: names the setting.
    """
    for key, value in _leaves(config):
        if isinstance(value, str) and (shown := without_credentials(value)) != value:
            raise UserError(
                f"{key} is {shown}, whose credentials would be kept; write {key}='${{oc.env:DATABASE_URL}}' and set "
                "DATABASE_URL in the environment, or leave them out of it and set PGUSER and PGPASSWORD"
            )


def check_trust(config: DictConfig, overrides: Sequence[str]) -> None:
    """Refuse trust that a file asks for: a run folder or an experiment may come from elsewhere.

    Args:
        config: of the program.
        overrides: of the command line.

    Raises:
        UserError: ``trusted`` names something and was not written on the command line.
    """
    if config.get("trusted") and not any(override.partition("=")[0].lstrip("+") == "trusted" for override in overrides):
        names = ",".join(map(str, config.trusted))
        raise UserError(
            f"trusted is [{names}] in a file, allowed is the command line alone; add trusted=[{names}] to it if you "
            "trust them"
        )


def unknown_key(key: str, config: DictConfig) -> UserError:
    """Make the error for a setting that does not exist, with the nearest ones that do."""
    known = [name for name, _ in nodes(config)]
    if key.startswith("trainer.") and "trainer" in config:
        known += [f"trainer.{name}" for name in _trainer_arguments()]
    near = difflib.get_close_matches(key, known, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else "see the choices with --help"
    return UserError(f"{key} is no setting; {hint}")


def may_be_trainer_argument(key: str) -> bool:
    """Tell whether a setting is an argument of Lightning's trainer; all of them can be set."""
    group, _, name = key.partition(".")
    return group == "trainer" and name in _trainer_arguments()


def _trainer_arguments() -> dict[str, Any]:
    from seqmine.training.trainer import trainer_arguments  # imports Lightning, which takes seconds

    return trainer_arguments()


def _trainer_takes(key: str, value: Any) -> bool:
    from seqmine.training.trainer import is_of_type

    kind = _trainer_arguments().get(key.removeprefix("trainer."))
    return kind is not None and is_of_type(value, kind)


def _check_trainer_argument(key: str, value: Any) -> None:
    from seqmine.training.trainer import type_names

    if may_be_trainer_argument(key) and not _trainer_takes(key, value):
        allowed = type_names(_trainer_arguments()[key.removeprefix("trainer.")])
        raise UserError(f"{key} is {value!r}, allowed is {allowed}; change {key}")


def _same_kind(value: Any, default: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    return isinstance(value, int | float) if isinstance(default, float) else isinstance(value, type(default))


def _leaves(config: DictConfig) -> Iterator[tuple[str, Any]]:
    for name, node in nodes(config):
        if not isinstance(node, DictConfig | ListConfig) and not node._is_interpolation() and not node._is_missing():
            yield name, node._value()
