from tests.programs import error_of, run


def test_a_folder_that_is_no_run_is_told_in_a_sentence(tmp_path):
    done = run("audit", "run=nowhere", cwd=tmp_path, status=1)
    assert "nowhere" in error_of(done)
