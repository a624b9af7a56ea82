"""What was asked: data, protocol, and the command that asks again."""

from collections.abc import Sequence
from typing import ClassVar

from seqmine.reporting.page.blocks import Block, Code, Grid, Words
from seqmine.reporting.page.subject import Subject
from seqmine.runs.folder import read_command
from seqmine.runs.reading import was_written
from seqmine.runs.settings import command_line


class Asked:
    """The question that the run answers."""

    title: ClassVar[str] = "What was asked"

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the question in words, the command, the protocol and the versions."""
        protocol, blocks = subject.metrics["protocol"], []
        text = (
            f"Which item comes next? The model {subject.name} ranks {protocol['num_items']:,} items after the history "
            f"of a user, for {protocol['num_test_targets']:,} test targets."
        )
        blocks += [Words(text), *_command(subject)]
        blocks.append(Grid("Protocol of every number on this page", ["setting", "value"], _rows(protocol)))
        made_by = {**subject.environment.get("versions", {}), "device": subject.environment.get("device")}
        made_by["git commit"] = subject.environment.get("git_sha")
        blocks.append(Grid("Made with", ["what", "version"], _rows(made_by)))
        return blocks


def _command(subject: Subject) -> list[Block]:
    if not was_written(subject.folder / "command.yaml"):
        return [Words("The folder does not tell which command made it; config.yaml has every setting.")]
    typed = read_command(str(subject.folder))["overrides"]
    return [Code(command_line(str(subject.settings.program), [str(one) for one in typed]))]


def _rows(values: dict) -> list[tuple[str, str | None]]:
    return [(str(name), None if value is None else str(value)) for name, value in values.items()]
