"""Learn from sequences of user behavior what comes next, which patterns run through them, and why.

What the programs do, on plain objects: ``prepare`` a log, ``train`` a model, ``load`` or ``evaluate`` a run, let it
recommend, ``mine`` patterns, hold runs side by side in a ``leaderboard``. Each function is imported when it is first
asked for.
"""

import sys
import warnings
from importlib import import_module
from types import ModuleType

if sys.platform == "win32":
    _WINDOWS = "seqmine runs on Linux and macOS; on Windows use the Windows Subsystem for Linux (WSL)"
    raise ImportError(_WINDOWS)

__version__ = "0.1.0"

# public name to the module that has it; names only, so that no import is made here
_DOOR = {
    "Board": "seqmine.app.door.board",
    "Data": "seqmine.app.door.prepared",
    "Found": "seqmine.app.door.found",
    "Run": "seqmine.app.door.run",
    "UserError": "seqmine.structs.errors",
    "build_model": "seqmine.app.door.training",
    "evaluate": "seqmine.app.door.training",
    "leaderboard": "seqmine.app.door.board",
    "load": "seqmine.app.door.run",
    "mine": "seqmine.app.door.found",
    "prepare": "seqmine.app.door.prepared",
    "train": "seqmine.app.door.training",
}
__all__ = list(_DOOR)


class _Package(ModuleType):
    """A package in which the function ``train`` is not replaced when the program ``seqmine.train`` is imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _DOOR and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


def __getattr__(name: str) -> object:
    """Import a public name."""
    if name not in _DOOR:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")  # of a library that draws no bar of ours
        found = getattr(import_module(_DOOR[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Name what is public."""
    return sorted([*_DOOR, "__version__"])


sys.modules[__name__].__class__ = _Package
