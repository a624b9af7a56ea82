"""A table of many explanations, one row an event."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from seqmine.explanation.asking import Kept, all_places, ask_kept
from seqmine.explanation.question import Explainer, Question
from seqmine.probing.cases import Cases
from seqmine.structs import Catalog, Recommender
from seqmine.structs.files import write_atomically

_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("item_id", pa.string()),
        ("rank", pa.int64()),
        ("probability", pa.float64()),
        ("position", pa.int64()),
        ("event_item_id", pa.string()),
        ("share", pa.float64()),
        ("completeness_gap", pa.float64()),
    ]
)


def write_many(
    path: Path,
    explainer: Explainer,
    model: Recommender,
    catalog: Catalog,
    blocks: Iterable[tuple[Cases, list[Question], list[str]]],
    batch_size: int,
) -> int:
    """Stream explanations into a Parquet table, one row an event, and return the number of rows.

    Args:
        path: of the table, which appears when it is complete.
        explainer: tells the shares.
        model: scores the catalog.
        catalog: of the model.
        blocks: some users at a time: their histories, what is asked, and the raw key of each case.
        batch_size: histories scored at once.
    """
    num_rows = 0

    def write(temporary: Path) -> None:
        nonlocal num_rows
        with pq.ParquetWriter(temporary, _SCHEMA, write_page_checksum=True) as writer:
            for cases, questions, user_ids in blocks:
                table = _rows(explainer, model, catalog, cases, questions, user_ids, batch_size)
                writer.write_table(table)
                num_rows += len(table)

    write_atomically(path, write)
    return num_rows


def _rows(
    explainer: Explainer,
    model: Recommender,
    catalog: Catalog,
    cases: Cases,
    questions: list[Question],
    user_ids: list[str],
    batch_size: int,
) -> pa.Table:
    attributions = explainer.explain(model, cases, questions)
    asked = [Kept(one.case, all_places(cases, one.case), one.item) for one in questions]
    answers = ask_kept(model, cases, asked, batch_size)
    rows: list[dict[str, Any]] = []
    for number, (one, found) in enumerate(zip(questions, attributions, strict=True)):
        history = catalog.decode(cases.history(one.case))
        rows += [
            {
                "user_id": user_ids[one.case],
                "item_id": catalog.item_ids[one.item - 1],
                "rank": int(answers.ranks[number]),
                "probability": float(answers.probabilities[number]),
                "position": place + 1,
                "event_item_id": history[place],
                "share": float(share),
                "completeness_gap": None if math.isnan(found.gap) else found.gap,
            }
            for place, share in enumerate(found.values)
        ]
    return pa.Table.from_pylist(rows, schema=_SCHEMA)
