"""What is mined: the histories of a log, and a trained model of the same items."""

from dataclasses import dataclass

from seqmine.probing.cases import Cases
from seqmine.structs import InteractionLog, Recommender


@dataclass(frozen=True)
class TrainedModel:
    """A model, and the events of the same log that it was not trained on.

    Args:
        recommender: scores the catalog.
        validation: cases whose next event is a validation target, at most one per user.
        test: cases whose next event is a test target, at most one per user.
    """

    recommender: Recommender
    validation: Cases
    test: Cases


@dataclass(frozen=True)
class Subject:
    """What is mined.

    Args:
        log: histories of items.
        item_ids: raw key of each item, by its number less one.
        features: columns of the catalog, such as titles, each as ``item_ids``.
        model: a trained model of the same items, or None.
    """

    log: InteractionLog
    item_ids: list[str]
    features: dict[str, list]
    model: TrainedModel | None = None
