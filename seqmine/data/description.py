"""What a component is: its name and settings in a line, and what tells it from every other in a fingerprint."""

import hashlib
import inspect
from collections.abc import Mapping
from typing import Any

_OWN_PACKAGE = __name__.split(".", maxsplit=1)[0]


def settings_of(component: object) -> dict[str, Any]:
    """Return the settings of a component: its attributes, without those that it keeps for itself (``_name``)."""
    return {name: value for name, value in vars(component).items() if not name.startswith("_")}


def describe(component: object) -> str:
    """Return the name and the settings of a component in one line.

    >>> from seqmine.data.splits import LeaveLastK
    >>> describe(LeaveLastK(k=2))
    'LeaveLastK(k=2)'
    """
    settings = ", ".join(f"{name}={_shown(value)}" for name, value in settings_of(component).items())
    return f"{type(component).__name__}({settings})"


def identity(component: object) -> str:
    """Return what tells a component from every other, the same in every process.

    Components of this package are told by name and settings. One of a user's own also by the module that it is from
    and by its code, which may change from run to run.
    """
    kind = type(component)
    if kind.__module__.split(".", maxsplit=1)[0] == _OWN_PACKAGE:
        return describe(component)
    return f"{kind.__module__}.{describe(component)} {_code_of(kind)}"


def _shown(value: object) -> str:
    """Return a setting as text, without the places in memory that Python shows of objects."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_shown(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(repr(part) if isinstance(part, str) else _shown(part) for part in value) + "]"
    if inspect.isroutine(value) or isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if type(value).__repr__ is object.__repr__ and type(value).__str__ is object.__str__:
        return identity(value)
    return str(value)


def _code_of(kind: type) -> str:
    try:
        code = inspect.getsource(kind)
    except (OSError, TypeError):  # typed into a shell
        return ""
    return hashlib.blake2b(code.encode(), digest_size=8).hexdigest()
