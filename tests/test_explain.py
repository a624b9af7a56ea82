from tests.programs import error_of, run


def test_a_folder_that_is_no_run_is_refused_in_a_sentence(tmp_path):
    done = run("explain", "run=nothing", "user=a", cwd=tmp_path, status=1)
    assert error_of(done) == "error: run 'nothing' has no config.yaml; set run to a folder that seqmine.train wrote"
