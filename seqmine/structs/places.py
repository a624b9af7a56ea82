"""Where components stand in a configuration, so that what they say of their parameters names the settings of a user.

A component does not know the names of settings: a log of events has ``path``, and a user writes ``data.path``. Whoever
builds components from settings gives each its ``Place``, as the attribute ``_place``; a text that is made while a
method of such a component runs, however deep below it, has the settings in place of the parameters.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PARAMETER = re.compile(r"`([a-z]\w*(?:\.[a-z]\w*)*)`")
# what a part of a configuration may be without, and where it is
_OF_ANOTHER_KIND = {"source.timestamp": "data.columns.timestamp of data=interactions"}


@dataclass(frozen=True)
class Place:
    """Where a component stands in a configuration.

    Args:
        path: of the component.
        settings: for the path of every component of the configuration, the full name of the setting that gives each of
            its parameters a value.
        is_built: False while the component is being made.
    """

    path: str
    settings: Mapping[str, Mapping[str, str]]
    is_built: bool = True

    def setting(self, parameter: str) -> str | None:
        """Return the setting behind a parameter of this component, or of one of its parts (``source.path``).

        A value that a component is given, as the names of its columns, has a part of its own: what it alone has needs
        no path.

        >>> place = Place("data", {"data": {"source": "log"}, "log": {"path": "log.file"}})
        >>> place.setting("source.path"), place.setting("path"), place.setting("name")
        ('log.file', 'log.file', None)
        """
        return self._below(self.path, parameter)

    def elsewhere(self, parameter: str) -> str | None:
        """Return the setting behind a parameter of any component that is called so, such as ``source.path``.

        >>> Place("miner", {"miner": {}, "data.source": {"path": "data.path"}}).elsewhere("source.path")
        'data.path'
        """
        name, _, rest = parameter.partition(".")
        homes = (path for path in self.settings if rest and path.rpartition(".")[2] == name)
        return next((found for path in homes if (found := self._below(path, rest))), None)

    def _below(self, path: str, parameter: str) -> str | None:
        for name in parameter.split("."):
            own = self.settings.get(path, {})
            parts = (self.settings.get(part, {}).get(name) for part in own.values())
            found = own.get(name) or next(filter(None, parts), None)
            if found is None:
                return None
            path = found
        return path


def told(text: str) -> str:
    """Return a text with the settings of the running components in place of their parameters.

    A parameter stands between backticks: one of the component that speaks, `` `layout` ``, or of one that it knows by
    name, `` `source.path` ``. The innermost running component that has it decides. Where none has, as in Python without
    a configuration, the name stays as it is, without the backticks; of what another kind of data has that is told.

    The text of a component that is being made is about what it is given: there the first word may be a parameter
    without backticks, and a text that names no setting begins with the path of the component.

    >>> told("`layout` is 'x'; set `layout` to auto")
    "layout is 'x'; set layout to auto"
    """
    places = list(_running())
    settings: set[str] = set()

    def named(found: re.Match[str]) -> str:
        known = [place.setting(found[1]) for place in places] + [place.elsewhere(found[1]) for place in places]
        setting = next(filter(None, known), _OF_ANOTHER_KIND.get(found[1]) if places else None)
        settings.update(filter(None, [setting]))
        return setting or found[1]

    text = _PARAMETER.sub(named, text)
    if settings or not places or places[0].is_built:
        return text
    first = re.match(r"\w*", text)
    word = first.group() if first else ""
    setting = places[0].setting(word)
    if setting is not None:
        return setting + text[len(word) :]
    return f"{places[0].path}: {text}" if places[0].path else text


def _running() -> Iterator[Place]:
    """Yield the places of the components whose methods run, from the inside out."""
    frame = inspect.currentframe()
    while frame is not None:
        place = getattr(frame.f_locals.get("self"), "__dict__", {}).get("_place")
        if isinstance(place, Place):
            yield place
        frame = frame.f_back
