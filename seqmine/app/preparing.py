"""Preparations of a log as the program asks for them: with the names of its people, or with pseudonyms."""

from pathlib import Path

from omegaconf import DictConfig

from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.sources.pseudonyms import Pseudonyms
from seqmine.runs.components import build
from seqmine.structs import UserError
from seqmine.structs.files import write_atomically

LOG = "pseudonyms.parquet"


def log_to_prepare(config: DictConfig) -> SequenceDataModule:
    """Return the log that is to be prepared; with pseudonyms it is also written for those who train, without names.

    Args:
        config: of ``prepare``.

    Raises:
        UserError: pseudonyms without a key, or beside a table of users that has their names.
    """
    data: SequenceDataModule = build(config.data.module, config.trusted)
    asked = config.privacy
    if not asked.pseudonymize:
        return data
    if config.data.user_attributes.path is not None:
        raise UserError(
            f"data.user_attributes.path is {config.data.user_attributes.path}, whose users have their names; set it to "
            "null, or privacy.pseudonymize=false"
        )
    source = Pseudonyms(source=data.source, key_variable=asked.key_variable, time_grain=asked.time_grain)
    data.source = source
    write_atomically(Path(config.paths.run) / LOG, source.read().write_parquet)
    return data
