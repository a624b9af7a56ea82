import numpy as np
import polars as pl
import pytest

from seqmine.app.job import settings_of
from seqmine.app.recommending import recommend
from seqmine.structs import UserError
from tests.programs import run


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A mined log in which the bulb follows the lamp, as (folder, histories)."""
    folder, rng = tmp_path_factory.mktemp("shop"), np.random.default_rng(2)
    rows = [rng.permutation(["cup", "pan", "fork"])[:2].tolist() for _ in range(300)]
    for number, row in enumerate(rows):
        place = int(rng.integers(0, 3))
        row[place:place] = ["lamp", "bulb"] if number < 160 else ["lamp"] if number < 220 else []
    users = {f"u{number}": row for number, row in enumerate(rows)}
    (folder / "log.txt").write_text("".join(f"{user} {' '.join(row)}\n" for user, row in users.items()))
    run(
        "mine", "data=sequences", f"data.path={folder}/log.txt", "part=all", "miner.min_count=20", "miner.max_length=2",
        "evidence.stability.num_bootstraps=20", "logger=csv", f"hydra.run.dir={folder}/mined", cwd=folder,
    )  # fmt: skip
    return folder, users


def listed(shop, *overrides):
    folder, _ = shop
    output = folder / "lists.csv"
    recommend(settings_of("recommend", [f"run={folder}/mined", f"output={output}", *overrides]))
    return pl.read_csv(output)


def test_who_has_the_lamp_alone_is_told_of_the_bulb_and_why(shop, capsys):
    table = listed(shop)
    expected = {user for user, row in shop[1].items() if "lamp" in row and "bulb" not in row}
    assert set(table["user_id"]) == expected and len(table) == len(expected) == 60
    assert table.columns == ["user_id", "item_id", "rank", "because", "score", "lift", "people"]
    assert set(table.select("item_id", "because", "rank", "people").rows()) == {("bulb", "lamp", 1, 160)}
    assert 0.5 < table["score"][0] < 0.9, "the confidence among held-out people"
    assert "because" in capsys.readouterr().out


def test_what_they_have_comes_again_only_when_asked(shop):
    assert len(listed(shop, "seen=none")) == 220
    assert set(listed(shop, "users=[u200,u1]")["user_id"]) == {"u200"}
    for setting in ("exclude=bulb", "only=cup", "users=u1"):
        with pytest.raises(UserError, match="change users, only or exclude"):
            listed(shop, setting)


@pytest.mark.parametrize(
    "setting", ["input=new.csv", "history=test", "scores=probability", "seen=window", "evaluation.candidates=available"]
)
def test_what_only_models_know_is_refused(shop, setting):
    with pytest.raises(UserError, match=setting.partition("=")[0]):
        listed(shop, setting)


def test_what_released_nothing_makes_no_list(shop, tmp_path):
    mined = tmp_path / "mined"
    mined.mkdir()
    for name in ("command.yaml", "config.yaml", "composed.yaml"):
        (mined / name).write_text((shop[0] / "mined" / name).read_text())
    frame = pl.read_parquet(shop[0] / "mined" / "patterns.parquet")
    cases = {"has released no rule": frame.with_columns(released=pl.lit(0.0)), "evidence=none": frame.drop("released")}
    for told, table in cases.items():
        table.write_parquet(mined / "patterns.parquet")
        with pytest.raises(UserError, match=told):
            listed(shop, f"run={mined}")
