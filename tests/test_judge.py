from tests.programs import error_of, run


def test_a_file_that_is_not_there_is_told_in_a_sentence(small_log, tmp_path):
    arguments = ["recommendations=lists.csv", "data=sequences", f"data.path={small_log}"]
    assert "recommendations=lists.csv" in error_of(run("judge", *arguments, cwd=tmp_path, status=1))
