"""Steps that judge an event by itself or by its neighbors in time."""

from collections.abc import Sequence

import polars as pl

from seqmine.data.cleaning.step import in_log_order, in_user_order, require_columns
from seqmine.data.clock import DAY, Clock
from seqmine.structs import UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import NonNegativeInt


class InvalidRows:
    """Take out events with an impossible time; sources put rows without user or item aside themselves.

    Args:
        earliest: first possible second since 1970; earlier times are those of broken clocks.
        latest: last possible second, or None for no limit.
        reject_path: JSON-lines file that keeps the events and the reason, or None.
    """

    counts = False

    def __init__(self, *, earliest: int, latest: int | None = None, reject_path: str | None = None) -> None:
        self.earliest = earliest
        self.latest = latest
        self.reject_path = reject_path

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the valid events."""
        return self._judged(events).filter(pl.col("reason").is_null()).drop("reason")

    def rejects(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return the other events, with the reason."""
        return self._judged(events.lazy()).filter(pl.col("reason").is_not_null()).collect()

    def _judged(self, events: pl.LazyFrame) -> pl.LazyFrame:
        reasons: list[pl.Expr] = []
        if "timestamp" in events.collect_schema():
            time = pl.col("timestamp")
            reasons.append(pl.when(time < self.earliest).then(pl.lit("time is before the earliest possible")))
            if self.latest is not None:
                reasons.append(pl.when(time > self.latest).then(pl.lit("time is after the latest possible")))
        return events.with_columns(reason=pl.coalesce([*reasons, pl.lit(None, pl.String)]))


class ExactDuplicates:
    """Keep the first of the records of one event: same user, item, kind and second, whatever else they say.

    Two records of one day may both be true, as of two pieces that were bought, so a log of dates or without times is
    left as it is.
    """

    counts = False

    def on(self, clock: Clock | None) -> "ExactDuplicates | None":
        """Return this step, or None where the clock does not tell records from events."""
        return None if clock is None or clock.tick >= DAY else self

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events without duplicates."""
        require_columns(events, self, "timestamp")
        present = events.collect_schema().names()
        same = [name for name in ("user_id", "item_id", "behavior", "timestamp") if name in present]
        return events.unique(same, keep="first", maintain_order=True)


@bounded
class RepeatsWithin:
    """Take out an event when its user did the same to the same item shortly before: a double click, a reload.

    A clock that is coarser than the time cannot say, so its log is left as it is.

    Args:
        seconds: longest time since the event before, kept or not; 0 takes out those of the same second only.
    """

    counts = False

    def __init__(self, *, seconds: NonNegativeInt) -> None:
        self.seconds = seconds

    def on(self, clock: Clock | None) -> "RepeatsWithin | None":
        """Return this step, or None where the clock is coarser than it looks."""
        return None if clock is not None and not clock.tells_apart(self.seconds) else self

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events without repeats."""
        require_columns(events, self, "timestamp")
        present = events.collect_schema().names()
        same = [name for name in ("user_id", "item_id", "behavior") if name in present]
        ordered = events.with_row_index("row").sort([*same, "timestamp", "row"])
        follows = pl.all_horizontal((pl.col(name) == pl.col(name).shift()).fill_null(False) for name in same)
        soon = (pl.col("timestamp") - pl.col("timestamp").shift()) <= self.seconds
        return in_log_order(ordered.filter(~(follows & soon.fill_null(False))))


class ShortDwell:
    """Take out an event that its user left for another item at once: nobody looks at a thing that briefly.

    A clock that is coarser than the time cannot say, so its log is left as it is.

    Args:
        min_seconds: shortest plausible time until the next event of the user.
    """

    counts = False

    def __init__(self, *, min_seconds: int) -> None:
        if min_seconds < 1:
            raise UserError(f"min_seconds is {min_seconds}, allowed are whole numbers from 1")
        self.min_seconds = min_seconds

    def on(self, clock: Clock | None) -> "ShortDwell | None":
        """Return this step, or None where the clock is coarser than it looks."""
        return None if clock is not None and not clock.tells_apart(self.min_seconds) else self

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events that lasted long enough; the last event of a user always does."""
        require_columns(events, self, "timestamp")
        ordered = in_user_order(events)
        same_user = pl.col("user_id") == pl.col("user_id").shift(-1)
        other_item = pl.col("item_id") != pl.col("item_id").shift(-1)
        dwell = pl.col("timestamp").shift(-1) - pl.col("timestamp")
        left = same_user & other_item & (dwell < self.min_seconds)
        return in_log_order(ordered.filter(~left.fill_null(False)))


class KeepBehaviors:
    """Keep events of some kinds.

    Args:
        behaviors: the kinds to keep.
    """

    counts = False

    def __init__(self, *, behaviors: Sequence[str]) -> None:
        self.behaviors = list(behaviors)

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events of these kinds.

        Raises:
            UserError: the log has no events of one of them.
        """
        require_columns(events, self, "behavior")
        dtype = events.collect_schema()["behavior"]
        known = dtype.categories.to_list() if isinstance(dtype, pl.Enum) else []
        strange = [behavior for behavior in self.behaviors if behavior not in known]
        if strange:
            raise UserError(
                f"cleaning step KeepBehaviors keeps {strange[0]!r}, but the log has {', '.join(sorted(known))}; "
                "set its behaviors to some of these"
            )
        return events.filter(pl.col("behavior").cast(pl.String).is_in(self.behaviors))
