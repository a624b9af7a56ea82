"""Synthetic users with known truth: the data set that needs no network, and whose ceiling is known.

The process is described in ``synthetic_process``. It is made to need order and memory: which consequent comes depends
on an ordered pair of symbols with other events between, and each symbol is part of many pairs. It is not easy: many
events are free choices, and the oracle that knows every probability misses most of those too.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.sources import synthetic_process as process
from seqmine.data.sources.synthetic_events import BEHAVIORS, MIN_LENGTH, draw_behaviors, draw_lengths, draw_times
from seqmine.data.sources.synthetic_truth import Truth, alphabet_size, draw_truth
from seqmine.structs import UserError
from seqmine.structs.bounds import PositiveFloat, PositiveInt, Seed, ShareBelowOne

# Raise it with any change that makes other data of the same arguments.
GENERATOR_VERSION = 1

# Ranks of equally likely items must differ; a float32 copy of the probabilities must still tell them apart.
_TIE_BREAK = 1e-4


class _World(NamedTuple):
    truth: Truth
    is_bot: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    items: NDArray[np.int64]
    times: NDArray[np.int64]
    kinds: NDArray[np.int64]


class Synthetic:
    """Generates users who follow topics and planted patterns, and knows the probability of every next item.

    Args:
        num_users: people and bots.
        num_items: size of the catalog.
        num_topics: topics that the items are divided into and that users drift between.
        num_patterns: planted triples (first, second, consequent).
        pattern_rate: chance that a user who is in no pattern starts one at the next event.
        mean_length: average number of events of a person.
        repeat_share: share of events that go back to one of the last four items.
        noise_share: share of the free choices that ignore the topic.
        bot_share: share of users that choose at random, three times as often, seconds apart.
        seed: another seed is another world.

    The last two events of a user are always items new to that user, as the usual protocol takes seen items out.

    Raises:
        UserError: a size or share out of range.
    """

    def __init__(
        self,
        *,
        num_users: PositiveInt,
        num_items: PositiveInt,
        num_topics: PositiveInt,
        num_patterns: PositiveInt,
        pattern_rate: ShareBelowOne,
        mean_length: PositiveFloat,
        repeat_share: ShareBelowOne,
        noise_share: ShareBelowOne,
        bot_share: ShareBelowOne,
        seed: Seed,
    ) -> None:
        shares = {
            "pattern_rate": pattern_rate,
            "repeat_share": repeat_share,
            "noise_share": noise_share,
            "bot_share": bot_share,
        }
        sizes = {"num_users": num_users, "num_items": num_items, "num_topics": num_topics, "num_patterns": num_patterns}
        self.settings = {**sizes, **shares, "mean_length": mean_length, "seed": seed}
        _check(sizes, shares, mean_length)

    @cached_property
    def _world(self) -> _World:
        chosen = self.settings
        rng = np.random.default_rng(int(chosen["seed"]))
        shares = (chosen["pattern_rate"], chosen["repeat_share"], chosen["noise_share"])
        sizes = (int(chosen["num_items"]), int(chosen["num_topics"]), int(chosen["num_patterns"]))
        truth = draw_truth(*sizes, shares, rng)
        is_bot = rng.random(int(chosen["num_users"])) < chosen["bot_share"]
        lengths = draw_lengths(is_bot, chosen["mean_length"], sizes[0] // 2, rng)
        items = process.draw_histories(lengths, is_bot, rng.random(lengths.sum()), truth)
        times = draw_times(lengths, is_bot, rng)
        kinds = draw_behaviors(items, lengths, is_bot, rng.random(len(items)), sizes[0])
        return _World(truth, is_bot, np.concatenate([[0], np.cumsum(lengths)]), items, times, kinds)

    @cached_property
    def item_ids(self) -> list[str]:
        """Raw key of each generated item; its number says nothing of topic or popularity."""
        numbers = np.random.default_rng([int(self.settings["seed"]), 1]).permutation(int(self.settings["num_items"]))
        return [f"i{number:05d}" for number in numbers.tolist()]

    @cached_property
    def user_ids(self) -> list[str]:
        """Raw key of each user."""
        return [f"u{number:06d}" for number in range(int(self.settings["num_users"]))]

    def read(self) -> pl.DataFrame:
        """Return all events in time order."""
        world = self._world
        frame = pl.DataFrame(
            {
                "user_id": np.repeat(np.array(self.user_ids), np.diff(world.offsets)),
                "item_id": np.array(self.item_ids)[world.items],
                "timestamp": world.times,
                "behavior": np.array(BEHAVIORS)[world.kinds],
            },
            schema={"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64, "behavior": pl.String},
        )
        return frame.sort("timestamp", maintain_order=True)

    def item_features(self) -> pl.DataFrame:
        """Return topic and a readable title of each item."""
        topics = self._world.truth.topic_of.tolist()
        places = [number // int(self.settings["num_topics"]) for number in range(len(topics))]
        titles = [f"topic {topic} item {place}" for topic, place in zip(topics, places, strict=True)]
        return pl.DataFrame({"item_id": self.item_ids, "title": titles, "topic": [str(topic) for topic in topics]})

    def fingerprint(self) -> str:
        """Return a hash of every argument and of the generator's version."""
        content = json.dumps([GENERATOR_VERSION, self.settings], sort_keys=True)
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def patterns(self) -> list[tuple[str, str, str]]:
        """Return the planted triples as raw keys: first, second and, with events between, consequent."""
        truth = self._world.truth
        pairs = np.argwhere(truth.consequents >= 0)
        triples = [(truth.symbols[a], truth.symbols[b], truth.consequents[a, b]) for a, b in pairs]
        return [(self.item_ids[a], self.item_ids[b], self.item_ids[c]) for a, b, c in triples]

    def open_pattern(self, items: Sequence[str]) -> tuple[int, int, str] | None:
        """Return what is planted in a history: the places of first and second symbol, and the consequent to come.

        Args:
            items: raw keys, oldest first.

        Returns:
            None where no pattern waits for its consequent.
        """
        truth, number = self._world.truth, self._number_of
        state, places = np.array([-1, -1, 0]), [-1, -1]
        for place, item in enumerate(number[key] for key in items):
            is_next = truth.symbol_of[item] >= 0 and truth.symbol_of[item] not in state[:2]
            process.advance(state, item, truth)
            if is_next:
                places[int(state[1] >= 0)] = place
        if state[1] < 0:
            return None
        return places[0], places[1], self.item_ids[int(truth.consequents[state[0], state[1]])]

    @cached_property
    def _number_of(self) -> dict[str, int]:
        return {item_id: number for number, item_id in enumerate(self.item_ids)}

    def oracle_scores(
        self, user_ids: Sequence[str], positions: NDArray[np.int64], item_ids: Sequence[str]
    ) -> NDArray[np.float64]:
        """Return the true probability of each item to be the next event of each user.

        Equally likely items are told apart by a ten-thousandth of their probability, so that their ranks are those of
        a model that knows the truth and has no ties.

        Args:
            user_ids: (B,) raw keys.
            positions: (B,) how many of the user's events have happened.
            item_ids: raw keys of the columns.

        Returns:
            (B, len(item_ids)) probabilities.
        """
        world = self._world
        users = np.array([int(user_id[1:]) for user_id in user_ids], dtype=np.int64)
        stops = np.asarray(positions, dtype=np.int64)
        chances = process.true_chances(world.items, users, stops, world.offsets, world.is_bot, world.truth)
        columns = np.array([self._number_of[item_id] for item_id in item_ids], dtype=np.int64)
        places = world.truth.popularity.argsort().argsort()
        return (chances * (1.0 + _TIE_BREAK * places / len(places)))[:, columns]

    def truth(self) -> pl.DataFrame:
        """Return for the last two events of each user what the best possible model would say before they happen.

        Columns: ``user_id``, ``position`` (events before), ``item_id`` (what came), ``probability`` and ``rank`` (from
        1, among the items new to the user).
        """
        world = self._world
        users = np.repeat(np.arange(len(self.user_ids)), process.NUM_FRESH)
        positions = world.offsets[users + 1] - world.offsets[users] - np.tile([2, 1], len(self.user_ids))
        came = world.items[world.offsets[users] + positions]
        user_ids = [self.user_ids[user] for user in users.tolist()]
        scores = self.oracle_scores(user_ids, positions, self.item_ids)
        own = scores[np.arange(len(users)), came]
        frame = {"user_id": user_ids, "position": positions, "item_id": [self.item_ids[item] for item in came.tolist()]}
        return pl.DataFrame({**frame, "probability": own, "rank": (scores >= own[:, None]).sum(axis=1)})


def _check(sizes: dict[str, int], shares: dict[str, float], mean_length: float) -> None:
    for name, size in sizes.items():
        if size < 1:
            raise UserError(f"{name} is {size}, but there must be at least 1")
    for name, share in shares.items():
        if not 0 <= share < 1:
            raise UserError(f"{name} is {share}, but it is a share from 0 to below 1")
    if mean_length < MIN_LENGTH:
        raise UserError(f"mean_length is {mean_length}, but the shortest is {MIN_LENGTH}")
    patterned = sizes["num_patterns"] + alphabet_size(sizes["num_patterns"])
    needed = max(patterned, 4 * MIN_LENGTH, sizes["num_topics"])
    if sizes["num_items"] < needed:
        raise UserError(
            f"num_items is {sizes['num_items']}, but {sizes['num_patterns']} patterns and "
            f"{sizes['num_topics']} topics need at least {needed}; raise it or lower the others"
        )
