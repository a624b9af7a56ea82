"""What the answer to one question leaves behind: a JSON file, and what a person sees in the terminal."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from seqmine.explanation.faithfulness.consistency import Consistency
from seqmine.explanation.faithfulness.judgement import DECIDING, Verdict
from seqmine.explanation.reason import Reason
from seqmine.explanation.support import Precedent
from seqmine.structs import Catalog

NUM_SHOWN = 10


@dataclass(frozen=True)
class Answer:
    """All that is said of one recommendation.

    Args:
        user_id: who is asked about, None for a history from outside.
        explainer: name of the method.
        caution: what a reader of its shares has to know.
        reason: shares, changes and measures.
        precedents: how many other users did the same.
        min_users: fewest people behind such a count.
        patterns: mined patterns that support the item; None where none were mined.
        verdict: how faithful the method is on other users; None where that was not asked for.
    """

    user_id: str | None
    explainer: str
    caution: str
    reason: Reason
    precedents: Sequence[Precedent]
    min_users: int
    patterns: pl.DataFrame | None
    verdict: Verdict | None

    def to_json(self, catalog: Catalog) -> dict[str, Any]:
        """Return the answer as plain values, with raw keys and titles; what is not known is null."""
        reason, names = self.reason, Names(catalog)
        events = [
            {"position": place + 1, **names.of(item), "share": float(share)}
            for place, (item, share) in enumerate(zip(reason.history, reason.attribution.values, strict=True))
        ]
        deletion, addition = reason.deletion, reason.addition
        return {
            "user_id": self.user_id,
            "item": names.of(reason.item),
            "rank": reason.rank,
            "probability": reason.probability,
            "top_k": reason.top_k,
            "explainer": self.explainer,
            "caution": self.caution or None,
            "completeness_gap": _known(reason.attribution.gap),
            "events": events,
            "smallest_deletion": deletion
            and {
                "events": [events[place] for place in deletion.places],
                "rank": deletion.rank,
                "is_proved_minimal": deletion.is_minimal,
            },
            "smallest_addition": addition
            and {**names.of(addition.item), "rank": addition.rank, "num_alternatives": addition.num_alternatives},
            "precedents": [
                {
                    "events": [names.of(item) for item in one.items],
                    "num_users": one.num_users,
                    "num_followed": one.num_followed,
                }
                for one in self.precedents
            ],
            "min_users": self.min_users,
            "patterns": None
            if self.patterns is None
            else self.patterns.select(_pattern_columns(self.patterns)).to_dicts(),
            "measures": {name: _known(value) for name, value in reason.measures.items()},
            "faithfulness": self.verdict and _verdict_json(self.verdict),
        }


class Names:
    """What items are called."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog, self.titles = catalog, catalog.features.get("title")

    def of(self, item: int) -> dict[str, str | None]:
        """Return key and title of an item."""
        title = None if self.titles is None else self.titles[item - 1]
        return {"item_id": self.catalog.item_ids[item - 1], "title": None if title is None else str(title)}

    def shown(self, item: int) -> str:
        """Return the title of an item, or its key where it has none."""
        name = self.of(item)
        return name["title"] or str(name["item_id"])


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _pattern_columns(patterns: pl.DataFrame) -> list[str]:
    wanted = ("pattern", "support_count", "confidence", "holdout_confidence", "lift", "holdout_lift", "q_value")
    return [name for name in wanted if name in patterns.columns]


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    return {
        "num_users": verdict.num_users,
        "means": verdict.means,
        "intervals": {name: list(ends) for name, ends in verdict.intervals.items()},
        "differences": [{**asdict(one), "is_better": one.is_better} for one in verdict.differences],
        "not_better_than": verdict.not_beaten(),
        "curves": verdict.curves,
        "consistency": _without_nan(asdict(verdict.consistency)),
    }


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in values.items():
        found[name] = _without_nan(value) if isinstance(value, dict) else None if value is None else _known(value)
    return found


def show_answer(answer: Answer, catalog: Catalog) -> None:
    """Print an answer: the shares of the most important events, what would change it, and how faithful it is."""
    from seqmine.reporting.terminal import Terminal

    console, names = Terminal(), Names(catalog)
    console.print(_share_table(answer, names))
    for line in sentences(answer, catalog):
        console.print(line, highlight=False, markup=False)
    if answer.verdict is not None:
        console.print(_faithfulness_table(answer.explainer, answer.verdict))
        for line in verdict_sentences(answer.explainer, answer.verdict):
            console.print(line, highlight=False, markup=False)


def _share_table(answer: Answer, names: Names) -> Any:
    from rich.markup import escape
    from rich.table import Table

    reason = answer.reason
    who = "this history" if answer.user_id is None else f"user {answer.user_id}"
    title = f"why {names.shown(reason.item)} for {who}: rank {reason.rank}, probability {reason.probability:.4f}"
    table = Table(title=escape(title), title_justify="left")
    table.add_column("event", overflow="fold")
    table.add_column("events\nago", justify="right")
    table.add_column(f"share\n({answer.explainer})", justify="right")
    for place in reason.attribution.order.tolist()[:NUM_SHOWN]:
        ago, share = len(reason.history) - place, reason.attribution.values[place]
        table.add_row(escape(names.shown(reason.history[place])), str(ago), f"{share:+.4f}")
    return table


def sentences(answer: Answer, catalog: Catalog) -> list[str]:
    """Return what is said below the shares, a sentence each."""
    reason, names = answer.reason, Names(catalog)
    said = [f"caution: {answer.caution}"] if answer.caution else []
    if len(reason.history) > NUM_SHOWN:
        said.append(f"the {NUM_SHOWN} most important of {len(reason.history)} events are shown")
    if not math.isnan(reason.attribution.gap):
        said.append(f"completeness gap: the shares miss what they should add up to by {reason.attribution.gap:+.2g}")
    said.append(_change_sentence(reason, names))
    for one in answer.precedents:
        events = ", then ".join(names.shown(item) for item in one.items)
        if one.num_users is None:
            said.append(
                f"too few other training users to be told (fewer than {answer.min_users}, or a remainder) had {events}"
            )
            continue
        then = "too few to be told" if one.num_followed is None else str(one.num_followed)
        said.append(
            f"{one.num_users} other training users had {events}; of them had {names.shown(reason.item)} later: {then}"
        )
    if answer.patterns is not None:
        said.append(f"{len(answer.patterns)} mined patterns support it")
        for pattern, count in answer.patterns.select("pattern", "support_count").head(3).iter_rows():
            steps = " -> ".join(names.shown(item) for item in catalog.encode(pattern))
            said.append(f"  {steps} ({count} users)")
    return said


def _change_sentence(reason: Reason, names: Names) -> str:
    top = f"the top {reason.top_k}"
    if reason.rank > reason.top_k:
        if reason.addition is None:
            return f"it is not in {top}, and no single event more would bring it in (every item was tried)"
        added, others = names.shown(reason.addition.item), reason.addition.num_alternatives - 1
        return (
            f"one more event, {added}, would bring it to rank {reason.addition.rank}; {others} other items would do too"
        )
    if reason.deletion is None:
        return f"no deletion takes it out of {top}, not even that of all events"
    gone = " and ".join(names.shown(reason.history[place]) for place in reason.deletion.places)
    proof = "no smaller set does" if reason.deletion.is_minimal else "found greedily, a smaller set may do"
    return f"without {gone} it falls to rank {reason.deletion.rank}, out of {top} ({proof})"


def _faithfulness_table(explainer: str, verdict: Verdict) -> Any:
    from rich.table import Table

    controls = [name for name in verdict.means if name != "explainer"]
    table = Table(title=f"faithfulness on the lists of {verdict.num_users} validation users", title_justify="left")
    table.add_column(f"list of {verdict.top_k}")
    table.add_column(explainer, justify="right")
    for name in controls:
        table.add_column(name, justify="right")
        table.add_column("difference", justify="right")
    ends = {(one.control, one.measure): one for one in verdict.differences}
    measures = [
        name for name in verdict.means["explainer"] if name.startswith("list/") and name.endswith(f"@{verdict.top_k}")
    ]
    for measure in measures:
        cells = [f"{verdict.means['explainer'][measure]:.4f}"]
        for name in controls:
            one = ends[name, measure]
            cells += [f"{verdict.means[name][measure]:.4f}", f"{one.low:+.4f} to {one.high:+.4f}"]
        table.add_row(measure.removeprefix("list/"), *cells)
    return table


def verdict_sentences(explainer: str, verdict: Verdict) -> list[str]:
    """Return for each control whether the explainer beats it, and where not."""
    lost = verdict.not_beaten()
    said = []
    for control in (name for name in verdict.means if name != "explainer"):
        if control in lost:
            said.append(
                f"{explainer} is NOT better than {control} in {', '.join(lost[control])}: its shares are not proved"
            )
        else:
            said.append(f"{explainer} is better than {control} in {', '.join(DECIDING)}, each with its whole interval")
    return said + consistency_sentences(explainer, verdict.consistency)


def consistency_sentences(explainer: str, found: Consistency) -> list[str]:
    """Return how stable shares are, whether they depend on the model, and how far other methods agree."""
    said = [
        "without a random part of the events the shares of the others keep their order to a rank correlation of "
        f"{found.stability:.2f}"
    ]
    if found.randomization is not None:
        ends = f"{found.low:+.2f} to {found.high:+.2f}"
        said.append(
            f"a model of shuffled parameters is explained differently: rank correlation {found.randomization:.2f}, "
            f"{ends} below that"
            if found.depends_on_model
            else f"{explainer} explains a model of shuffled parameters NOT differently: rank correlation "
            f"{found.randomization:.2f}, difference {ends}: its shares are not about what was learned"
        )
    said += [
        f"it agrees with {name} to a rank correlation of {one.correlation:.2f}; {one.shared:.0%} of the leading events "
        "are the same"
        for name, one in found.agreement.items()
    ]
    return said
