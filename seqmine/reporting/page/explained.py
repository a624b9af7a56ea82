"""The answer to one question as a page."""

from pathlib import Path

from seqmine.explanation.faithfulness.judgement import Verdict
from seqmine.reporting.explanation import NUM_SHOWN, Answer, Names, sentences, verdict_sentences
from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Cell, Chart, Grid, Note, Section, Words
from seqmine.reporting.page.document import render
from seqmine.structs import Catalog
from seqmine.structs.files import write_atomically

_CURVES = {"POS-P": ("most important", "lower"), "NEG-P": ("least important", "higher")}


def write_answer(answer: Answer, catalog: Catalog, path: Path) -> None:
    """Write the answer to one question as a page, as a whole or not at all.

    Args:
        answer: what was found.
        catalog: names the items.
        path: of the HTML file.

    Raises:
        UserError: the packages of the extra ``report`` are missing.
    """
    item = Names(catalog).shown(answer.reason.item)
    who = "a history" if answer.user_id is None else f"user {answer.user_id}"
    lead = f"{item} for {who}: rank {answer.reason.rank:,}, probability {answer.reason.probability:.4f}"
    page = render("Why is this recommended?", lead, answer_sections(answer, catalog))
    write_atomically(path, lambda temporary: temporary.write_text(page, encoding="utf-8"))


def answer_sections(answer: Answer, catalog: Catalog) -> list[Section]:
    """Return shares, what would change the answer, its measures, patterns and the test of the explainer."""
    reason, names = answer.reason, Names(catalog)
    caution: list[Block] = [Note(sentence(answer.caution))] if answer.caution else []
    size = len(reason.history)
    events: list[list[Cell]] = [
        [size - place, names.shown(item), float(share)]
        for place, (item, share) in enumerate(zip(reason.history, reason.attribution.values, strict=True))
    ]
    whole = Grid("Every event that the model sees", ["events ago", "event", "share"], events[::-1])
    said = [Words(sentence(one)) for one in sentences(answer, catalog) if not one.startswith("caution")]
    measures = Grid("Faithfulness of this one explanation", ["measure", "value"], list(reason.measures.items()))
    sections = [
        Section("What speaks for it", [*caution, shares_chart(answer, catalog, names.shown(reason.item)), whole]),
        Section("What would change it, and who did the same", said),
        Section("How faithful are these shares?", [*verdict_blocks(answer.explainer, answer.verdict), measures]),
    ]
    if answer.patterns is not None and len(answer.patterns):
        columns = [
            name for name in ("support_count", "confidence", "lift", "q_value") if name in answer.patterns.columns
        ]
        rows = [
            [" → ".join(names.shown(item) for item in catalog.encode(keys)), *values]
            for keys, *values in answer.patterns.select("pattern", *columns).iter_rows()
        ]
        sections.append(Section("Mined patterns that support it", [Grid("Patterns", ["pattern", *columns], rows)]))
    return sections


def sentence(text: str) -> str:
    """Return words as a sentence.

    >>> sentence("  it falls")
    'It falls.'
    """
    text = text.strip()
    return f"{text[:1].upper()}{text[1:]}."


def shares_chart(answer: Answer, catalog: Catalog, item: str) -> Chart:
    """Return the shares of the most important events, the latest event on top.

    Args:
        answer: what was found.
        catalog: names the items.
        item: what is explained.
    """
    reason, names = answer.reason, Names(catalog)
    places = sorted(reason.attribution.order.tolist()[:NUM_SHOWN], reverse=True)
    rows = [
        {
            "name": f"{len(reason.history) - place} ago: {names.shown(reason.history[place])}",
            "value": float(reason.attribution.values[place]),
        }
        for place in places
    ]
    first = max(reason.attribution.order.tolist()[:1], default=None)
    alt = "The history is empty."
    if first is not None:
        name = names.shown(reason.history[first])
        alt = f"The event that speaks most for {item} is {len(reason.history) - first} ago: {name}."
    chart = charts.bars(rows, x=f"share of the event ({answer.explainer})", y="event", order=None)
    return Chart(f"What speaks for {item}, and what against", alt, chart)


def verdict_blocks(explainer: str, verdict: Verdict | None) -> list[Block]:
    """Return how faithful an explainer is on many users, in words and as a table; a note where it was not measured."""
    if verdict is None:
        return [Note("How faithful the method is was not measured; set faithfulness=default.")]
    said = [Words(sentence(line)) for line in verdict_sentences(explainer, verdict)]
    return [*said, *(_curve_chart(explainer, verdict, name) for name in _CURVES), verdict_grid(explainer, verdict)]


def _curve_chart(explainer: str, verdict: Verdict, measure: str) -> Chart:
    """Return how many items of the lists stay while events go, of an explainer and of its controls."""
    names = {"explainer": explainer}
    rows = [
        {"x": tenth / 10, "y": value, "by": names.get(name, name)}
        for name, curves in verdict.curves.items()
        for tenth, value in enumerate(curves[measure])
    ]
    halves = ", ".join(f"{names.get(name, name)} {curves[measure][5]:.0%}" for name, curves in verdict.curves.items())
    which, wish = _CURVES[measure]
    return Chart(
        f"{measure}: what stays in the list of {verdict.top_k} while the {which} events go; {wish} is better",
        f"Without half of the events there stay: {halves}.",
        charts.lines(rows, x="share of the events that is gone", y="share of the items that stay", by="shares of"),
    )


def verdict_grid(explainer: str, verdict: Verdict) -> Grid:
    """Return every measure of lists with that of each control and the interval of the difference."""
    controls = [name for name in verdict.means if name != "explainer"]
    ends = {(one.control, one.measure): one for one in verdict.differences}
    end = f"@{verdict.top_k}"
    measures = [name for name in verdict.means["explainer"] if name.startswith("list/") and name.endswith(end)]
    rows: list[list[Cell]] = []
    for measure in measures:
        row: list[Cell] = [measure.removeprefix("list/"), verdict.means["explainer"][measure]]
        for control in controls:
            one = ends.get((control, measure))
            row += [verdict.means[control].get(measure), None if one is None else f"{one.low:+.4f} to {one.high:+.4f}"]
        rows.append(row)
    columns = [text for name in controls for text in (name, f"difference to {name}")]
    return Grid(
        f"Faithfulness on the lists of {verdict.num_users} validation users", ["measure", explainer, *columns], rows
    )
