"""One explanation from Python: what the program ``explain`` does, returned instead of printed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from seqmine.app.job import quiet, settings_of
from seqmine.app.typed import setting
from seqmine.reporting.explanation import Answer, sentences
from seqmine.structs import Catalog, UserError


@dataclass(frozen=True)
class Explained:
    """Why an item is recommended.

    Args:
        answer: shares, changes, measures and people.
        catalog: names the items.
    """

    answer: Answer
    catalog: Catalog

    @property
    def events(self) -> pl.DataFrame:
        """Every event that the model sees with its share: position (from 1), item_id, title, share."""
        schema = {"position": pl.Int64, "item_id": pl.String, "title": pl.String, "share": pl.Float64}
        return pl.DataFrame(self.values["events"], schema=schema)

    @property
    def values(self) -> dict[str, Any]:
        """All that is said, as plain values, as in ``explanation.json``."""
        return self.answer.to_json(self.catalog)

    @property
    def sentences(self) -> list[str]:
        """What would change the recommendation, and how many others did the same."""
        return sentences(self.answer, self.catalog)

    def save(self, path: str | Path) -> Path:
        """Write the explanation as an HTML page and return where it is."""
        from seqmine.reporting.page.explained import write_answer

        write_answer(self.answer, self.catalog, Path(path))
        return Path(path)

    def __repr__(self) -> str:
        item, reason = self.catalog.item_ids[self.answer.reason.item - 1], self.answer.reason
        return f"Explained(item={item!r}, rank={reason.rank}, probability={reason.probability:.4f})"

    def _repr_html_(self) -> str:
        from html import escape

        said = "".join(f"<li>{escape(line)}</li>" for line in self.sentences)
        shown = self.events.sort("share", descending=True, maintain_order=True).head(10)
        return f"<p>{escape(repr(self))}</p>{shown._repr_html_()}<ul>{said}</ul>"


def explain(folder: Path, user: Any, history: Iterable[Any] | None, item: Any, overrides: Sequence[str]) -> Explained:
    """Explain one recommendation of a run; see ``Run.explain``.

    Raises:
        UserError: not one of user and history, or what the run does not know.
    """
    from seqmine.app.explaining import explanation_of

    if (user is None) == (history is None):
        raise UserError("exactly one of user and history is allowed; set user to an id or history to a list of items")
    asked = [setting("run", folder), setting("hydra.run.dir", folder), "faithfulness=none"]
    asked += [setting("user", str(user))] if history is None else [setting("history", " ".join(map(str, history)))]
    asked += [] if item is None else [setting("item", str(item))]
    with quiet():
        return Explained(*explanation_of(settings_of("explain", [*asked, *overrides])))
