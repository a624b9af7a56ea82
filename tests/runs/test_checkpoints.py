import logging

import pytest
import torch

from seqmine.runs.checkpoints import damage, read_checkpoint, resumed_from
from seqmine.structs import UserError


@pytest.fixture
def folder(tmp_path):
    """A run folder with two last checkpoints."""
    (tmp_path / "checkpoints").mkdir()
    for name, value in (("before_last", 1.0), ("last", 2.0)):
        torch.save({"state_dict": {"w": torch.full((40,), value)}}, tmp_path / "checkpoints" / f"{name}.ckpt")
    return tmp_path


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def zero(path):
    path.write_bytes(bytes(path.stat().st_size))


def flip(path):
    """Turn one bit of the weights."""
    content = bytearray(path.read_bytes())
    content[content.index(torch.full((40,), 2.0).numpy().tobytes()) + 5] ^= 1
    path.write_bytes(bytes(content))


def empty(path):
    path.write_bytes(b"")


def text(path):
    path.write_text("no checkpoint")


@pytest.mark.parametrize("spoil", [cut, zero, flip, empty, text])
def test_a_torn_checkpoint_is_told_and_the_one_before_it_is_offered(spoil, folder, caplog):
    last, before = (folder / "checkpoints" / f"{name}.ckpt" for name in ("last", "before_last"))
    assert damage(last) is None
    assert resumed_from(None, "auto", str(folder)) == str(last)
    spoil(last)
    with pytest.raises(UserError, match=rf"ckpt_path is x, and .*last.ckpt' is damaged: .*ckpt_path={before}"):
        read_checkpoint(last, "ckpt_path is x")
    with caplog.at_level(logging.WARNING):
        assert resumed_from(None, "auto", str(folder)) == str(before)
    assert "last.ckpt is damaged" in caplog.text
    cut(before)
    assert resumed_from(None, "auto", str(folder)) is None
    assert "training starts anew" in caplog.text
    with pytest.raises(UserError, match="use another run, or train again"):
        read_checkpoint(last, "ckpt_path is x")


def test_a_file_that_is_no_training_is_told(tmp_path):
    torch.save([1], tmp_path / "list.ckpt")
    assert damage(tmp_path / "list.ckpt") == "it is not of a training"


def test_where_a_training_goes_on_from(folder):
    last = str(folder / "checkpoints" / "last.ckpt")
    assert resumed_from(None, None, str(folder)) is None
    assert resumed_from("last", None, str(folder)) == last
    assert resumed_from(last, None, "elsewhere") == last


@pytest.mark.parametrize(
    ("ckpt_path", "resume", "sentence"),
    [
        ("last", None, "ckpt_path is 'last', and .* is no file; set ckpt_path"),
        (".", None, "ckpt_path is '.', and '.' is a folder; set ckpt_path"),
        ("missing.ckpt", None, "'missing.ckpt' is no file"),
        ("last", "auto", "both say where training goes on"),
        (None, "yes", "resume is 'yes', allowed are auto and null"),
    ],
)
def test_nothing_to_go_on_from_is_told(ckpt_path, resume, sentence, tmp_path):
    with pytest.raises(UserError, match=sentence):
        resumed_from(ckpt_path, resume, str(tmp_path))


def test_a_text_is_no_checkpoint(tmp_path):
    text = tmp_path / "log.txt"
    text.write_text("u1 i1\n")
    with pytest.raises(UserError, match=r"log.txt' is damaged: it is no whole checkpoint \(File is not a zip file\)"):
        read_checkpoint(text, "ckpt_path is x")
