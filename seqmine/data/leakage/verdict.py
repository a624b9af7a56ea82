"""The verdict on leaks of a stored log, kept with the store under a key of all that it depends on.

One store serves many runs, and what they train on differs: windows, longest input, task, augmentation and seed are no
part of the store, so each combination has a verdict of its own.
"""

import functools
import hashlib
import inspect
import json
import logging
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from seqmine.data.leakage.report import LeakReport
from seqmine.structs.checksums import difference
from seqmine.structs.files import keep_checksums, write_atomically

_log = logging.getLogger(__name__)


def kept_verdict(folder: Path, depends_on: Mapping[str, Any], look: Callable[[], LeakReport]) -> LeakReport:
    """Return the verdict that is kept for a key, or look for leaks and keep what is found.

    A verdict that failed is not trusted: what leaked may have been mended since, and a run that must stop can wait. A
    folder that cannot be written costs another look at the next run.

    Args:
        folder: where the verdicts of one store are kept; several processes may write to it.
        depends_on: all that the verdict depends on beside the store, by name.
        look: looks for leaks.
    """
    path = folder / f"{verdict_key(depends_on)}.json"
    kept = _kept(path)
    if kept is not None and kept.passed:
        return kept
    found = look()
    try:
        keep_checksums(folder)
        write_atomically(path, lambda temporary: temporary.write_text(found.to_json()))
    except OSError as error:
        _log.warning("the verdict on leaks cannot be kept in %s (%s)", folder, error)
    return found


def _kept(path: Path) -> LeakReport | None:
    """Return what is kept; None where nothing is, or it is damaged."""
    if difference(path) is not None or not path.is_file():
        return None
    try:
        return LeakReport.from_json(path.read_text())
    except (ValueError, LookupError, TypeError):
        return None


def verdict_key(depends_on: Mapping[str, Any]) -> str:
    """Return a name for components with their settings, their code, and the code of the checks.

    >>> verdict_key({"max_length": 50}) == verdict_key({"max_length": 200})
    False
    """
    checks = [_code(path) for path in sorted(Path(__file__).parent.glob("*.py"))]
    parts = json.dumps([checks, _described(depends_on)], sort_keys=True)
    return hashlib.blake2b(parts.encode(), digest_size=12).hexdigest()


def _described(value: Any) -> Any:
    """Return what a component is, down to the settings of its parts, as plain values."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _described(part) for name, part in value.items()}
    if isinstance(value, functools.partial):
        return [_described(part) for part in (value.func, value.args, value.keywords)]
    if inspect.isroutine(value) or isinstance(value, type):
        return [value.__module__, value.__qualname__, _code(_file_of(value))]
    if hasattr(value, "__dict__"):
        parts = {name: part for name, part in vars(value).items() if name != "_place"}
        return [_described(type(value)), _described(parts)]
    return [_described(part) for part in value] if isinstance(value, Iterable) else repr(value)


def _file_of(thing: Any) -> Path | None:
    try:
        return Path(inspect.getfile(thing))
    except (TypeError, OSError):  # built in, or typed into a shell
        return None


def _code(path: Path | None) -> str | None:
    return hashlib.blake2b(path.read_bytes(), digest_size=12).hexdigest() if path and path.is_file() else None
