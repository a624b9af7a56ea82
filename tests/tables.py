"""Sources of tables, with the names of columns and the format of times given one by one, as on the command line."""

from dataclasses import fields

from seqmine.data.sources.event_columns import EventColumns
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.query import DatabaseQuery

_NAMES = {field.name for field in fields(EventColumns)}


def event_files(path, **settings) -> InteractionFiles:
    return InteractionFiles(path=str(path), **_with_columns(settings))


def event_query(text, scratch, **settings) -> DatabaseQuery:
    return DatabaseQuery(query=text, scratch=str(scratch), **_with_columns(settings))


def _with_columns(settings):
    named = {name: value for name, value in settings.items() if name in _NAMES}
    rest = {name: value for name, value in settings.items() if name not in _NAMES}
    return {**rest, "columns": EventColumns(**named)}
