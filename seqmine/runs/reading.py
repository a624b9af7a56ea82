"""Files of a run folder, which may come from a stranger: whole, bounded, and told in a sentence where they are not."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
import yaml
from omegaconf import DictConfig, OmegaConf

from seqmine.runs.settings import nodes
from seqmine.structs import UserError
from seqmine.structs.checksums import difference

_MOST_BYTES, _DEEPEST = 1 << 22, 50
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Read = TypeVar("Read")


def read_kept(path: Path, read: Callable[[Path], Read]) -> Read:
    """Read a file of a run folder that is as it was written.

    Args:
        path: of the file.
        read: what makes a value of it; whatever it raises means that the file is damaged.

    Raises:
        UserError: names the file, and says how it is damaged.
    """
    why = difference(path)
    if why is None:
        try:
            return read(path)
        except UserError:
            raise
        except FileNotFoundError:
            why = "it is missing"
        except IsADirectoryError:
            why = "it is a folder"
        except PermissionError:
            why = "it may not be read"
        except Exception as error:  # what a reader makes of torn bytes has no bounds
            why = f"it cannot be read ({' '.join(str(error).split())[:80] or type(error).__name__})"
    raise UserError(
        f"{str(path)!r} is damaged: {why}; copy it again from where it is whole, name another run, or make this one "
        "again"
    )


def was_written(path: Path) -> bool:
    """Tell whether a run has a file, or had it before it was lost."""
    return path.exists() or difference(path) is not None


def read_table(path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """Read a table of a run folder, or some of its columns.

    Raises:
        UserError: it is damaged.
    """
    return read_kept(path, lambda file: pl.read_parquet(file, columns=None if columns is None else list(columns)))


def read_json(path: Path) -> dict[str, Any]:
    """Read the values of a run folder.

    Raises:
        UserError: it is damaged.
    """
    return read_kept(path, lambda file: dict(json.loads(file.read_text())))


def read_settings(path: Path) -> DictConfig:
    """Read settings of a run folder.

    Raises:
        UserError: it is damaged, or larger, deeper or more entangled than settings that a program wrote.
    """
    return read_kept(path, _bounded_settings)


def read_values(path: Path) -> DictConfig:
    """Read settings that are values alone.

    Raises:
        UserError: it is damaged, or would read the environment of whoever opens it.
    """
    settings = read_settings(path)
    for name, node in nodes(settings):
        if node._is_interpolation() and ":" in str(node._value()):
            raise UserError(
                f"{str(path)!r} has {node._value()!r} at {name}, which would read it from your machine, allowed are "
                "values; write the value, or name another run"
            )
    return settings


def _bounded_settings(path: Path) -> DictConfig:
    if path.stat().st_size > _MOST_BYTES:
        raise UserError(f"{str(path)!r} has more than {_MOST_BYTES:,} bytes, which are no settings; name another run")
    text, depth = path.read_text(), 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        # a few aliases of aliases become more values than a memory holds
        if isinstance(event, yaml.AliasEvent) or depth > _DEEPEST:
            raise UserError(
                f"{str(path)!r} has aliases or more than {_DEEPEST} levels, which settings that a program wrote have "
                "not; name another run"
            )
    settings = OmegaConf.create(text)
    if not isinstance(settings, DictConfig) or not settings:
        raise ValueError("it holds no settings")
    return settings
