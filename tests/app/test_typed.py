import pytest

from seqmine.app.composing import compose_checked
from seqmine.app.typed import as_typed, jobs_of_sweep, quoted, search_path, searched, unreadable
from seqmine.structs import UserError

MARKS = ["a=b", "a[1]", "a(1)", "a#b", "it's", "~a", "a,b", "größe", "a b", "{a}", "a:b,c", "a;b", "a&b", "100%"]


@pytest.mark.parametrize("name", MARKS)
def test_a_file_that_is_there_may_be_called_anything(name, tmp_path):
    path = tmp_path / name
    path.write_text("u1 i1 i2\n")
    config = compose_checked("prepare", as_typed(["data=sequences", f"data.path={path}", "hydra.run.dir=x"]))
    assert config.data.path == str(path)


def test_what_is_not_there_stays_a_sweep_a_list_or_a_text():
    for argument in ("optimizer.lr=1,2", "tags=[a,b]", "run_name=a", "-m", "--cfg", "~data.path", "data.path=/"):
        assert quoted(argument) == argument


def test_what_cannot_be_read_is_shown_as_it_can_be():
    with pytest.raises(
        UserError, match=r"data.path=/no/a\(b cannot be read as it stands; write \"data.path='/no/a\(b'\""
    ):
        compose_checked("prepare", as_typed(["data=sequences", "data.path=/no/a(b"]))
    assert "write a setting as key=value" in str(unreadable("seed"))


def test_hyphens_before_a_setting_are_those_of_a_sweep_of_wandb():
    assert as_typed(["--optimizer.lr=0.001", "--seed=3", "--cfg", "job", "--info=all"]) == [
        "optimizer.lr=0.001", "seed=3", "--cfg", "job", "--info=all",
    ]  # fmt: skip


def test_a_folder_of_configuration_is_searched_and_what_it_sets_is_checked(tmp_path):
    folder = tmp_path / "it's, mine"
    (folder / "optimizer").mkdir(parents=True)
    (folder / "optimizer" / "mine.yaml").write_text("_target_: torch.optim.SGD\n_partial_: true\nlr: 0.5\n")
    arguments = as_typed(["--config-dir", str(folder), "optimizer=mine"])
    assert arguments == ["optimizer=mine", search_path([folder])]
    assert searched(arguments) == [folder]
    assert compose_checked("train", [*arguments, "hydra.run.dir=x"]).optimizer.lr == 0.5
    with pytest.raises(UserError, match="optimiser.lr is no setting; did you mean optimizer.lr"):
        compose_checked("train", [*arguments, "optimiser.lr=1"])
    with pytest.raises(UserError, match="--config-dir is '/no', which is no folder"):
        as_typed(["--config-dir=/no"])


def test_each_value_of_a_sweep_is_in_a_job_that_is_looked_at():
    jobs = jobs_of_sweep(["model=gru,lstm", "seed=range(1,4)", "lr=interval(0.1,0.9)", "a=b", "~c"])
    assert all(job[3:] == ["a=b", "~c"] for job in jobs) and len(jobs) == 5
    assert {job[0] for job in jobs} == {"model=gru", "model=lstm"}
    assert {job[1] for job in jobs} == {"seed=1", "seed=2", "seed=3"}
    assert {job[2] for job in jobs} == {"lr=0.1", "lr=0.9"}
    assert len(jobs_of_sweep(["seed=range(1,1000)"])) == 50
