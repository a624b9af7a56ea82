"""What a stranger hands over runs nothing: run folders, settings, checkpoints, arrays, archives, ids, queries."""

import io
import os
import pickle
import struct
import sys
import tarfile
import zipfile

import numpy as np
import polars as pl
import pytest
import torch
from omegaconf import OmegaConf

from seqmine.app.tokenizing import read_tokenizer, read_vectors
from seqmine.data.sources.archives import unpack
from seqmine.reporting.lists import show_lists
from seqmine.reporting.page.blocks import Section, Words
from seqmine.reporting.page.document import render
from seqmine.reporting.rule_sheet import write_sheet
from seqmine.runs.checkpoints import read_checkpoint
from seqmine.runs.components import build
from seqmine.runs.folder import read_config, read_metrics
from seqmine.runs.restore import restore_run, run_catalog
from seqmine.runs.settings import command_line, plain
from seqmine.structs import UserError

MARK = "a stranger was here"


class Evil:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch '{self.path}'",)


def folder_of(path, config, resolved=None):
    path.mkdir()
    OmegaConf.save(OmegaConf.create(config), path / "composed.yaml")
    OmegaConf.save(OmegaConf.create(config if resolved is None else resolved), path / "config.yaml")
    (path / "environment.json").write_text('{"versions": {"seqmine": "0"}, "git_sha": "x"}')
    return str(path)


TARGETS = {
    "shutil.copyfile": {"src": "{log}", "dst": "{mark}"},
    "shutil.rmtree": {"path": "{victim}"},
    "logging.FileHandler": {"filename": "{mark}"},
    "os.system": {"command": "touch {mark}"},
    "os.mkdir": {"path": "{mark}"},
    "posix.system": {"command": "touch {mark}"},
    "subprocess.run": {"args": ["touch", "{mark}"]},
    "subprocess.Popen": {"args": ["touch", "{mark}"]},
    "builtins.open": {"file": "{mark}", "mode": "w"},
    "builtins.eval": {"_args_": ["open('{mark}', 'w')"]},
    "pathlib.Path.touch": {"_args_": ["{mark}"]},
    "runpy.run_path": {"path_name": "{script}"},
    "torch.load": {"f": "{pickle}", "weights_only": False},
    "torch.save": {"obj": "x", "f": "{mark}"},
    "numpy.load": {"file": "{array}", "allow_pickle": True},
    "pickle.load": {"file": "{pickle}"},
    "joblib.load": {"filename": "{pickle}"},
    "hydra.utils.instantiate": {"config": {"_target_": "os.mkdir", "path": "{mark}"}},
    "lightning.fabric.utilities.cloud_io._load": {"path_or_url": "{pickle}", "weights_only": False},
    "seqmine.structs.files.write_json": {"path": "{mark}", "value": 1},
    "torch.nn.Module.register_forward_hook": {"_args_": ["{mark}"]},
    "torch.optim.os.system": {"command": "touch {mark}"},
}


@pytest.mark.parametrize("place", ["source", "model", "trusted"])
@pytest.mark.parametrize("target", TARGETS)
def test_a_run_folder_builds_nothing_of_its_own(target, place, tmp_path):
    mark = tmp_path / MARK
    files = {name: tmp_path / name for name in ("log", "script", "pickle", "array", "victim")}
    files["log"].write_text("x")
    files["victim"].mkdir()
    files["script"].write_text(f"open({str(mark)!r}, 'w')")
    files["pickle"].write_bytes(pickle.dumps(Evil(mark)))
    values = OmegaConf.to_yaml(OmegaConf.create(TARGETS[target]))
    for name, path in {"mark": mark, **files}.items():
        values = values.replace(f"{{{name}}}", str(path))
    bad = {"_target_": target, **OmegaConf.to_container(OmegaConf.create(values))}
    module = {"_target_": "seqmine.data.datamodule.SequenceDataModule", "source": bad}
    config = {"program": "train", "seed": 1, "data": {"module": module}, "model": bad, "paths": {"run": "x"}}
    config |= {"trusted": [target, "shutil", "os"]} if place == "trusted" else {}
    run = folder_of(tmp_path / "run", config)
    asked = OmegaConf.create({"run": run, "paths": {"run": str(tmp_path / "out")}, "trusted": []})
    with pytest.raises(UserError, match=f"_target_ is '{target}'.*add trusted="):
        build(read_config(run).model, asked.trusted) if place == "model" else restore_run(asked)
    assert not mark.exists()
    assert files["victim"].exists()


def test_a_target_is_refused_before_its_module_is_imported(tmp_path, monkeypatch):
    (tmp_path / "stranger_module.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    module = {"_target_": "stranger_module.Net"}
    run = folder_of(
        tmp_path / "run", {"program": "train", "seed": 1, "data": {"module": module}, "model": {}, "paths": {}}
    )
    with pytest.raises(UserError, match=r"data\.module\._target_ is 'stranger_module\.Net'"):
        restore_run(OmegaConf.create({"run": run, "paths": {"run": "y"}}))
    assert "stranger_module" not in sys.modules


@pytest.mark.parametrize(
    "tag", ["apply:os.system [touch x]", "name:os.system", "new:os.system [x]", "module:antigravity"]
)
@pytest.mark.parametrize("name", ["config.yaml", "composed.yaml"])
def test_tags_of_python_in_settings_are_refused(name, tag, tmp_path):
    run = folder_of(tmp_path / "run", {"paths": {"run": "x"}})
    kind = f"python/object/{tag}" if tag.startswith(("apply", "new")) else f"python/{tag}"
    (tmp_path / "run" / name).write_text(f"paths: !!{kind}\n")
    with pytest.raises(UserError, match=f"{name}' is damaged"):
        read_config(run)


@pytest.mark.parametrize(
    "reference", ["${oc.env:SECRET_OF_MINE}", "a ${oc.env:SECRET_OF_MINE} b", "${oc.decode:${oc.env:SECRET_OF_MINE}}"]
)
def test_settings_read_no_secret_of_the_environment(reference, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_MINE", "hunter2")
    run = folder_of(tmp_path / "run", {"a": reference, "paths": {"run": "x"}}, {"a": "value", "paths": {"run": "x"}})
    assert read_config(run).a == "value"
    folder_of(tmp_path / "other", {"a": "${oc.env:SECRET_OF_MINE}", "paths": {"run": "x"}}, {"a": reference})
    with pytest.raises(UserError, match="would read it from your machine"):
        read_config(str(tmp_path / "other"))


def legacy(path, mark):
    path.write_bytes(pickle.dumps(Evil(mark)))


def zipped(path, mark):
    torch.save({"state_dict": {}, "x": Evil(mark)}, path)


def numpy_object(path, mark):
    torch.save({"state_dict": {"a": np.array([Evil(mark)], dtype=object)}}, path)


def bomb(path, mark):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("archive/data.pkl", bytes(10_000_000))


@pytest.mark.parametrize("write", [legacy, zipped, numpy_object, bomb])
def test_a_checkpoint_runs_nothing(write, tmp_path):
    path = tmp_path / "best.ckpt"
    write(path, tmp_path / MARK)
    with pytest.raises(UserError, match=r"best\.ckpt' is damaged"):
        read_checkpoint(path, "run is 'x'")
    assert not (tmp_path / MARK).exists()


def test_arrays_and_codebooks_hold_no_objects(tmp_path):
    mark = tmp_path / MARK
    np.save(tmp_path / "v.npy", np.array([Evil(mark)], dtype=object), allow_pickle=True)
    pl.DataFrame({"item_id": ["a"]}).write_parquet(tmp_path / "items.parquet")
    with pytest.raises(UserError, match="cannot be read"):
        read_vectors(str(tmp_path / "v.npy"), None, [])
    (tmp_path / "codebooks.safetensors").write_bytes(struct.pack("<Q", 1 << 60) + b"{")
    pl.DataFrame({"item_id": ["a"]}).write_parquet(tmp_path / "semantic_ids.parquet")
    with pytest.raises(UserError, match=r"codebooks\.safetensors' is damaged"):
        read_tokenizer(tmp_path, 3)
    assert not mark.exists()


@pytest.mark.parametrize("content", ["[" * 100_000, '{"a": ' * 50_000, "\x00" * 10, "NaN" * 3])
def test_a_torn_or_endless_table_of_numbers_is_told(content, tmp_path):
    (tmp_path / "metrics.json").write_text(content)
    (tmp_path / "catalog.parquet").write_text(content)
    with pytest.raises(UserError, match=r"metrics\.json' is damaged"):
        read_metrics(tmp_path)
    with pytest.raises(UserError, match=r"catalog\.parquet' is damaged"):
        run_catalog(str(tmp_path))


def tar_with(path, **settings):
    with tarfile.open(path, "w") as file:
        member = tarfile.TarInfo(settings.pop("name", "a"))
        for name, value in settings.items():
            setattr(member, name, value)
        file.addfile(member, io.BytesIO(bytes(member.size)))


@pytest.mark.parametrize(
    "member",
    [
        {"name": "../outside"},
        {"name": "/tmp/a-stranger-was-here"},
        {"type": tarfile.SYMTYPE, "linkname": "/etc"},
        {"type": tarfile.LNKTYPE, "linkname": "../outside"},
        {"type": tarfile.CHRTYPE},
        {"type": tarfile.FIFOTYPE},
        {"size": 2_000_000},
    ],
    ids="-".join,
)
def test_an_archive_reaches_nothing_outside(member, tmp_path):
    tar_with(tmp_path / "a.tar", **member)
    with pytest.raises(UserError):
        unpack(tmp_path / "a.tar", tmp_path / "in", max_bytes=1_000_000)
    assert list((tmp_path / "in").iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"a.tar", "in"}


def test_an_archive_that_lies_about_its_size_is_not_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a", bytes(5_000_000))
    content = (tmp_path / "a.zip").read_bytes()
    assert len(content) < 10_000, "a thousand bytes for each of its own"
    (tmp_path / "a.zip").write_bytes(content.replace(struct.pack("<L", 5_000_000), struct.pack("<L", 10)))
    with pytest.raises(UserError, match="damaged or unsafe"):
        unpack(tmp_path / "a.zip", tmp_path / "in", max_bytes=1_000_000)
    assert list((tmp_path / "in").iterdir()) == []


@pytest.mark.parametrize(
    "query",
    [
        "copy (select 1) to '{mark}'",
        "install httpfs",
        "attach '{mark}'",
        "select 1; copy (select 1) to '{mark}'",
        "export database '{mark}'",
        "pragma version",
    ],
)
def test_a_query_changes_nothing(query, tmp_path):
    pytest.importorskip("duckdb")
    from seqmine.data.sources.databases import write_result

    with pytest.raises(UserError):
        write_result(query.format(mark=tmp_path / MARK), None, tmp_path / "answer.parquet")
    assert not (tmp_path / MARK).exists()


IDS = [
    "\x1b[2J\x1b]0;owned\x07",
    "[red]x[/red]",
    "[link=http://evil]x[/link]",
    "[/]",
    "a\rb\x08c",
    "\u202eabc",
    "<script>alert(1)</script>",
]


def test_ids_are_text_on_a_terminal(capsys):
    show_lists(pl.DataFrame({"user_id": IDS, "rank": 1, "item_id": IDS}), len(IDS))
    shown = capsys.readouterr().out
    assert not any(code in shown for code in ("\x1b", "\x07", "\r", "\x08", "\u202e"))
    assert all(text in shown for text in ("[red]x[/red]", "[link=http://evil]x[/link]", "[/]", "<script>"))


def test_ids_are_text_on_a_page_and_in_a_spreadsheet(tmp_path):
    pytest.importorskip("jinja2")
    page = render(IDS[-1], IDS[-1], [Section(IDS[-1], [Words(IDS[-1])])])
    assert "<script>alert" not in page
    formulas = ['=HYPERLINK("http://evil","x")', "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "  =1"]
    write_sheet(tmp_path / "a.csv", ["a"], [[formula] for formula in formulas])
    told = (tmp_path / "a.csv").read_text("utf-8-sig").partition("\n")[2]
    assert told.count("'") == len(formulas)


def test_secrets_are_kept_nowhere():
    addresses = ["postgresql://me:hunter2@host/shop", "https://me:hunter2@host", "s3://x?password=hunter2"]
    names = ["api_key", "password", "hf_token", "client_secret", "private_key"]
    config = OmegaConf.create({"a": addresses, **dict.fromkeys(names, "hunter2")})
    typed = command_line(
        "train", [*(f"a={address}" for address in addresses), *(f"x.{name}=hunter2" for name in names)]
    )
    assert "hunter2" not in f"{plain(config)} {typed}"
