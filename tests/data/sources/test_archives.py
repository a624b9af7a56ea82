import io
import tarfile
import zipfile

import pytest

from seqmine.data.sources.archives import unpack
from seqmine.structs import UserError


def zip_of(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_of(files, links=()):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for name, goal in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, goal
            archive.addfile(member)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "..\\evil.txt", "a/../../evil.txt"])
def test_members_outside_the_folder_are_refused(tmp_path, name):
    for suffix, content in ((".zip", zip_of({name: b"x"})), (".tar.gz", tar_of({name: b"x"}))):
        archive = tmp_path / f"a{suffix}"
        archive.write_bytes(content)
        with pytest.raises(UserError, match="a place outside its folder"):
            unpack(archive, tmp_path / "out")
        assert list((tmp_path / "out").iterdir()) == []
    assert not (tmp_path / "evil.txt").exists()


def test_links_out_of_the_folder_and_bombs_are_refused(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(tar_of({}, links=[("link", "/etc/passwd")]))
    with pytest.raises(UserError, match="is damaged or unsafe"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    (tmp_path / "a.zip").write_bytes(zip_of({"big": b"0" * 10_000}))
    with pytest.raises(UserError, match="unpacks to 10000 bytes where 9999 are allowed"):
        unpack(tmp_path / "a.zip", tmp_path / "out", max_bytes=9999)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_cut_archive_leaves_nothing_behind(tmp_path, suffix):
    content = {"a": b"x" * 5000, "b": bytes(range(250)) * 200}
    data = zip_of(content) if suffix == ".zip" else tar_of(content)
    archive = tmp_path / f"a{suffix}"
    archive.write_bytes(data[: len(data) // 2])
    with pytest.raises(UserError, match="is damaged or unsafe"):
        unpack(archive, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []
