"""From a source to a store: a log is read, cleaned, divided into parts and kept under a name of all that shaped it."""

import hashlib
import json
from pathlib import Path

from seqmine.data.attributes import with_attributes
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.description import describe, identity
from seqmine.data.features import Features
from seqmine.data.sequences import join_parts, prepare_sequences
from seqmine.data.splits import Splitter
from seqmine.data.store import STORE_VERSION, write_store
from seqmine.structs import InteractionLog, Source
from seqmine.structs.disk import writing_to
from seqmine.structs.protocols import CountsDropped


def preparation_fingerprint(source: Source, cleaning: Cleaning, split: Splitter, features: Features) -> str:
    """Return a hash of the content of a log and of everything that shapes its preparation."""
    made_of = [
        STORE_VERSION,
        source.fingerprint(),
        [identity(step) for step in cleaning.steps],
        identity(cleaning.edge),
        identity(cleaning.sessions),
        identity(split),
        features.fingerprint(),
    ]
    return hashlib.blake2b(json.dumps(made_of).encode(), digest_size=12).hexdigest()


def prepare_into(folder: Path, source: Source, cleaning: Cleaning, split: Splitter, features: Features) -> None:
    """Read, clean and split a log, and write it with its audit.

    Args:
        folder: named by the fingerprint; appears complete or not at all.
        source: reads the raw log.
        cleaning: steps that it goes through, and the engine that they run on.
        split: decides what is trained on and what is predicted.
        features: attributes, and the kinds of events that are predicted.

    Raises:
        UserError: the log cannot be read, nothing is left to train on, or the disk is full.
    """
    with writing_to(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        with cleaning.engine.number(source, folder.parent) as raw:
            log, audit = cleaning.clean(raw)
            audit = audit.after_reading(source.dropped if isinstance(source, CountsDropped) else {})
            table = features.items.read(source.item_features())
            data = prepare_sequences(log, table, split, features.target_behaviors, features.horizon)
            data = with_attributes(data, features.items, features.users, table)
        description = {
            "fingerprint": folder.name,
            "split": describe(split),
            "target_behavior": features.target_behaviors,
        }
        write_store(data, folder, description, {"audit.json": audit.to_json()})


def read_cleaned(folder: Path, source: Source, cleaning: Cleaning) -> tuple[InteractionLog, list[str], list[str]]:
    """Read and clean a log without splitting it; return every event that is left, and the raw keys of users and items.

    Args:
        folder: parts of the log are kept in it while it is read.
        source: reads the raw log.
        cleaning: steps that it goes through, and the engine that they run on.

    Raises:
        UserError: the log cannot be read, nothing is left of it, or the disk is full.
    """
    with writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with cleaning.engine.number(source, folder) as raw:
            return join_parts(cleaning.clean(raw)[0])
