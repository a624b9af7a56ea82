from seqmine.reporting.page.blocks import Section, Words
from seqmine.reporting.page.file import write_page


def test_the_page_is_a_file_named_after_the_run(subject, tmp_path):
    write_page(subject, [Section("One", [Words("two")])], tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "<title>tiny: what it learned" in text and "<p>two</p>" in text
    assert f"{subject.metrics['test/ndcg@10']:.4f}" in text
