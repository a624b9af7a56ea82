import pytest

from seqmine.structs import UserError
from seqmine.structs.places import Place, told

SETTINGS = {
    "data.module": {"source": "data.source", "seen": "evaluation.seen"},
    "data.source": {"path": "data.path", "columns": "data.source.columns"},
    "data.source.columns": {"timestamp": "data.columns.timestamp"},
    "miner": {"min_count": "miner.min_count"},
}


def refuse(text: str) -> None:
    raise UserError(text)


class Part:
    """A component, or an object that one made for itself, which has no place."""

    def __init__(self, path: str | None = None, is_built: bool = True) -> None:
        if path is not None:
            self._place = Place(path, SETTINGS, is_built)

    def call(self, function, *args):
        return function(*args)


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("data.source", "`path`=x is no file; set `path` to one", "data.path=x is no file; set data.path to one"),
        ("data.source", "set `timestamp`", "set data.columns.timestamp"),
        ("data.module", "set `source.timestamp` or `seen`", "set data.columns.timestamp or evaluation.seen"),
        ("miner", "set `source.timestamp` or `min_count`", "set data.columns.timestamp or miner.min_count"),
        ("miner", "set `path`, `source.header`, `nothing.at_all` or `a b`", "set path, source.header, nothing.at_all or `a b`"),
        ("miner", "min_count is what it is", "min_count is what it is"),
    ],
)  # fmt: skip
def test_parameters_of_a_running_component_are_told_as_settings(path, text, expected):
    assert Part(path).call(told, text) == expected
    with pytest.raises(UserError) as raised:
        Part(path).call(refuse, text)
    assert str(raised.value) == expected


def test_what_the_data_cannot_have_is_told_of_those_that_can():
    miner = Part()
    miner._place = Place("miner", {"miner": {}, "data.source": {"path": "data.path"}})
    expected = "no times; set data.columns.timestamp of data=interactions"
    assert miner.call(told, "no times; set `source.timestamp`") == expected
    assert told("set `source.timestamp`") == "set source.timestamp"


def test_the_innermost_component_that_has_the_parameter_decides():
    source, module = Part("data.source"), Part("data.module")
    assert module.call(Part().call, source.call, Part().call, told, "`path` `seen`") == "data.path evaluation.seen"
    other = Part()
    other._place = Place("files.new", {"files.new": {"path": "files.new.path"}})
    assert source.call(other.call, told, "`path`") == "files.new.path"
    assert other.call(source.call, told, "`path`") == "data.path"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("path is 3, allowed are names", "data.path is 3, allowed are names"),
        ("no such thing", "data.source: no such thing"),
        ("wrong; set `path`", "wrong; set data.path"),
    ],
)
def test_a_component_that_is_being_made_is_told_by_its_first_word_or_its_path(text, expected):
    assert Part("data.source", is_built=False).call(told, text) == expected


def test_an_error_that_was_told_is_not_told_again():
    def again():
        try:
            Part("data.source", is_built=False).call(refuse, "path is 3")
        except UserError as error:
            raise UserError(f"{error}, or `seen`=none") from error

    with pytest.raises(UserError, match="^data.path is 3, or evaluation.seen=none$"):
        Part("data.module").call(again)


def test_without_a_configuration_names_stay():
    assert told("`layout` is 'x'; set `source.path`") == "layout is 'x'; set source.path"
