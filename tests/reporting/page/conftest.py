import pytest

from tests.pages import page_run, page_subject


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory):
    return page_run(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="session")
def subject(page_folder):
    return page_subject(page_folder)
