from omegaconf import OmegaConf

from tests.pages import page_subject, writer


def test_the_question_the_command_and_the_protocol(subject, page_folder):
    question, command, protocol, made_with = writer(subject, "asked")(subject)
    assert "ranks 30 items" in question.text
    assert command.kind in ("words", "code")
    assert ("seen", subject.metrics["protocol"]["seen"]) in protocol.rows
    assert dict(made_with.rows)["torch"]
    typed = ["seed=1", "data.path=a b", "data.connection.password=x"]
    OmegaConf.save(OmegaConf.create({"overrides": typed, "choices": {}}), page_folder / "command.yaml")
    command = writer(subject, "asked")(page_subject(page_folder))[1]
    assert command.text == "python -m seqmine.train seed=1 'data.path=a b' data.connection.password=***"
