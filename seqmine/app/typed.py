"""What a user types, written as Hydra reads it: other programs and other shells write the same in other ways."""

import re
import shlex
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from seqmine.structs.errors import UserError

# a setting with hyphens before it, as a W&B sweep writes it; Hydra has no flag with a dot, and few with a value
_HYPHENS = re.compile(r"--(?!config-|package=|shell-completion|experimental-rerun|info)([A-Za-z_][\w./@]*=)")
_FLAGS = ("--config-dir", "-cd")
SEARCH = "hydra.searchpath"
_MOST_VALUES = 50  # of a sweep that are looked at before it starts; its jobs look at theirs


def as_typed(arguments: Iterable[str]) -> list[str]:
    """Write the arguments of a program so that Hydra reads what the user means.

    Hyphens before a setting are dropped, a text that is the name of something that exists is quoted, and a folder of
    more configuration is a place to search.

    Raises:
        UserError: a folder of more configuration that is none.
    """
    return _with_search_path([quoted(_HYPHENS.sub(r"\1", argument, count=1)) for argument in arguments])


def quoted(argument: str) -> str:
    """Quote the value of a setting where it names something that exists and Hydra would read it otherwise.

    >>> quoted("data.path=/"), quoted("optimizer.lr=1,2")
    ('data.path=/', 'optimizer.lr=1,2')
    """
    key, mark, value = argument.partition("=")
    if not mark or argument.startswith("-") or re.fullmatch(r"[\w./:-]*", value, re.ASCII) or not _exists(value):
        return argument
    return setting(key, value)


def setting(key: str, value: Any) -> str:
    """Write a setting as on the command line, whatever characters its value has.

    >>> setting("data.path", "my log.csv"), setting("trainer.max_epochs", 3), setting("data.path", None)
    ("data.path='my log.csv'", 'trainer.max_epochs=3', 'data.path=null')
    """
    if value is None:
        return f"{key}=null"
    if isinstance(value, bool):
        return f"{key}={str(value).lower()}"
    if isinstance(value, str | Path):
        # inside quotes backslashes are special in front of a quote alone, and ${ begins a reference
        text = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), str(value))
        text = text.replace("${", "\\${")
        return f"{key}='{text}'"
    if isinstance(value, Sequence):
        return f"{key}=[{','.join(setting('', element)[1:] for element in value)}]"
    return f"{key}={value}"


def unreadable(argument: str) -> UserError:
    """Make the error for what Hydra cannot read, with the form that it can.

    >>> print(unreadable("data.path=a(b"))
    data.path=a(b cannot be read as it stands; write "data.path='a(b'"
    """
    key, mark, value = argument.partition("=")
    if not mark:
        return UserError(f"{argument} is no setting; write a setting as key=value")
    readable = setting(key, value)
    for_shell = shlex.quote(readable) if re.search(r'["$`\\\\!]', readable) else f'"{readable}"'
    return UserError(f"{argument} cannot be read as it stands; write {for_shell}")


def jobs_of_sweep(arguments: Sequence[str]) -> list[list[str]]:
    """Return the settings of some jobs of a multirun, in which each value that is swept is met at least once.

    >>> jobs_of_sweep(["seed=1,2", "lr=interval(0.1,1.0)", "a=b"])
    [['seed=1', 'lr=0.1', 'a=b'], ['seed=2', 'lr=0.1', 'a=b'], ['seed=1', 'lr=1.0', 'a=b']]
    """
    choices = [_values_of_sweep(argument) for argument in arguments]
    first = [values[0] for values in choices]
    others = [(place, value) for place, values in enumerate(choices) for value in values[1:]]
    return [first, *([*first[:place], value, *first[place + 1 :]] for place, value in others)]


def _values_of_sweep(argument: str) -> list[str]:
    """Return a setting with each of its values: the ends of an interval, and itself where it is no sweep."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import IntervalSweep
    from hydra.errors import HydraException

    try:
        override = OverridesParser.create().parse_override(argument)
    except HydraException:
        raise unreadable(argument) from None
    if not override.is_sweep_override():
        return [argument]
    sweep = override.value()
    ends = isinstance(sweep, IntervalSweep)
    values = (sweep.start, sweep.end) if ends else islice(override.sweep_string_iterator(), _MOST_VALUES)
    return [f"{override.get_key_element()}={value}" for value in values]


def searched(arguments: Sequence[str]) -> list[Path]:
    """Return the folders of more configuration that the arguments name."""
    from hydra.core.override_parser.overrides_parser import OverridesParser

    named = [argument for argument in arguments if argument.startswith(f"{SEARCH}=")]
    places = [str(place) for one in OverridesParser.create().parse_overrides(named) for place in one.value() or ()]
    return [Path(place.removeprefix("file://")) for place in places if "pkg://" not in place]


def search_path(folders: Sequence[str | Path]) -> str:
    """Return the setting that makes Hydra search folders for more configuration."""
    return setting(SEARCH, [f"file://{Path(folder).absolute()}" for folder in folders])


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except OSError:  # longer than a name can be
        return False


def _with_search_path(arguments: list[str]) -> list[str]:
    """Put what Hydra's flag for a folder of configuration says into its setting, which checks and searches read too."""
    left: list[str] = []
    folders: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        flag, mark, folder = argument.partition("=")
        if flag not in _FLAGS:
            left.append(argument)
            continue
        folder = folder if mark else next(waiting, "")
        if not Path(folder).is_dir() or not folder:
            raise UserError(f"--config-dir is {folder!r}, which is no folder; change --config-dir")
        folders.append(folder)
    return [*left, search_path([*searched(left), *folders])] if folders else left
