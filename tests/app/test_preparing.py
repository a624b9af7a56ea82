import polars as pl
import pytest

from seqmine.data.store import read_store
from seqmine.structs import UserError
from tests.tiny import call

KEY = "correct horse battery staple"
LOG = "user_id,item_id,timestamp\n" + "".join(
    f"person{user},item{(user + step) % 7},{86_400 * step + 1000 + user}\n" for user in range(30) for step in range(6)
)


def prepare(folder, *overrides):
    path = folder / "events.csv"
    path.write_text(LOG)
    where = ["data=interactions", f"data.path={path}", "data.columns.timestamp=timestamp"]
    return call("prepare", folder / "run", *where, *overrides)


def test_no_file_of_a_preparation_with_pseudonyms_has_a_name_or_the_key(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SEQMINE_PSEUDONYM_KEY", KEY)
    run = prepare(tmp_path, "privacy.pseudonymize=true")
    log = pl.read_parquet(run / "pseudonyms.parquet")
    assert log["user_id"].n_unique() == 30
    assert (log["timestamp"] % 86_400 == 0).all()
    files = [path for folder in (run, tmp_path / "store") for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 5
    written = [path.read_bytes() for path in files] + [capsys.readouterr().out.encode()]
    for secret in (b"person1", KEY.encode()):
        assert not [path for path, text in zip([*files, "terminal"], written, strict=True) if secret in text]
    [store] = (tmp_path / "store").iterdir()
    assert {*read_store(store).user_ids} == {*log["user_id"]}, "in the store, whose files are packed, too"
    assert not [user for user in log["user_id"] if "person" in user]


def test_without_being_asked_names_stay_and_no_log_is_written_again(tmp_path):
    run = prepare(tmp_path)
    assert not (run / "pseudonyms.parquet").exists()
    [store] = (tmp_path / "store").iterdir()
    assert "person1" in read_store(store).user_ids


def test_pseudonyms_without_a_key_or_beside_names_are_refused(tmp_path, monkeypatch):
    monkeypatch.delenv("SEQMINE_PSEUDONYM_KEY", raising=False)
    with pytest.raises(UserError, match="SEQMINE_PSEUDONYM_KEY, an environment variable that is not set"):
        prepare(tmp_path, "privacy.pseudonymize=true")
    with pytest.raises(UserError, match="user_attributes.path is users.csv, whose users have their names"):
        prepare(tmp_path, "privacy.pseudonymize=true", "data.user_attributes.path=users.csv")
    assert not list((tmp_path / "run").rglob("*.parquet"))
