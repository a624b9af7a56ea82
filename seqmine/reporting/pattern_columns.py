"""The column dictionary of ``patterns.parquet`` and ``rules.parquet``: name, meaning, unit and source of each column.

Every column that is written stands here once; what the terminal shows is made from it, and ``docs/pattern_columns.md``
(``python -m seqmine.reporting.pattern_columns > docs/pattern_columns.md``).
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Column:
    """One column.

    Args:
        name: in the files.
        meaning: what a value says, in one sentence without its full stop.
        unit: of a value: users, share, probability, nats ...
        source: paper, or the module that computes it.
        header: in tables of the terminal, where it is shown; a line break where the header may break.
        in_rules: the column is part of ``rules.parquet``.
    """

    name: str
    meaning: str
    unit: str
    source: str
    header: str | None = None
    in_rules: bool = False


_ORDER = "permutation null: Pinxteren and Calders, SDM 2021"
_WILSON = "Wilson, JASA 1927"
_BASE = "`mining.statistics.base_rate`"
_WEBB = "productive rules: Webb, Machine Learning 2007"
_PARTS = "independent productivity: Webb, ACM TKDD 2010"
_BURSTS = "`mining.statistics.bursts`"
_SWAPS = "swap null by Curveball trades: Strona et al., Nature Communications 2014"
_BASKETS = "market basket analysis; `mining.judging.classical`"
_LAGS = "`mining.judging.occurrences`"
_NEXT = "`mining.against_model.agreement`"
_PROBING = "`probing.faithfulness`"
_RELEASE = "`mining.judging.release`"
_BH = "Benjamini and Hochberg, JRSS B 1995"

_PATTERN = (
    Column("pattern", "the symbols in their order: item ids, or values of an attribute", "list", "the log"),
    Column("behaviors", "what was done, for each symbol; null where symbols do not say", "list", "the log"),
    Column("antecedent", "the symbols before the last one", "list", "the log", in_rules=True),
    Column("consequent", "the last symbol", "key", "the log", in_rules=True),
    Column("antecedent_behaviors", "what was done, for each symbol before the last one", "list", "the log", None, True),
    Column("consequent_behavior", "what was done in the last event", "kind", "the log", in_rules=True),
    Column("support_count", "users whose history has the pattern", "users", "exact count", "users", True),
    Column(
        "people_count",
        "people with the pattern in one of their sessions, where histories are sessions",
        "people",
        "exact count",
        "people",
        True,
    ),
    Column("support", "share of all users that have the pattern", "share", "exact count"),
    Column("support_lower", "lower 95 % limit of the support", "share", _WILSON),
    Column("support_upper", "upper 95 % limit of the support", "share", _WILSON),
    Column("found_count", "users whose predictions showed the rule", "users", "a model's own rules"),
    Column("example_user", "one of them, by number in the log", "user", "a model's own rules"),
)

_ORDER_TEST = (
    Column("expected_support", "expected number of users with the pattern if order meant nothing", "users", _ORDER),
    Column("p_value", "chance of that many users or more if order meant nothing; 1 for one symbol", "p-value", _ORDER),
    Column(
        "q_value", "the p-value corrected for every order of every frequent content (the hypothesis family)", "q-value",
        f"{_BH}; weights by length: Genovese et al., 2006", "q", True,
    ),
    Column("p_is_exact", "whether the p-value is of a closed form: exact, or above 0.2 for many users approximated; "
           "the others are bounds, from permutations that estimate the chance of each user", "true or false", _ORDER),
    Column("itemset_count", "users that have the symbols often enough for the pattern in some order", "users", _ORDER),
    Column("tested_support", "users that have the pattern as the order test counts it: across moments, repeats as "
           "close ones", "users", "`mining.judging.evidence`"),
    Column("burst_support", "users that repeat the symbol within the gap of the burst test", "users", _BURSTS),
    Column("burst_expected", "the same if their events came in random order", "users", _BURSTS),
    Column("burst_p_value", "chance of that many users or more in random order", "p-value", _BURSTS),
    Column("burst_is_exact", "whether that p-value is exact", "true or false", _BURSTS),
    Column("close_gap", "positions apart within which a repeat is judged, as order alone cannot judge it; null for all "
           "other patterns", "positions", _BURSTS),
    Column("set_support", "users that have all symbols, in any order", "users", _SWAPS),
    Column("association_expected", "the same on average when users and items are matched at random, with the activity "
           "of users and the popularity of items kept; of more than `evidence.association_test.most_users` users so "
           "many are drawn, and the number is scaled to all", "users", _SWAPS),
    Column("association_p_value", "chance of such co-occurrence or more in that null, among the drawn users where some "
           "are drawn", "p-value", _SWAPS),
    Column("stability", "share of bootstraps over users in which the pattern is selected again", "share",
           "`mining.statistics.stability`", "stable"),
)  # fmt: skip

_RULE = (
    Column("confidence", "share of the users with the antecedent that go on to the consequent", "share", "exact count"),
    Column("confidence_lower", "lower 95 % limit of the confidence", "share", _WILSON),
    Column("confidence_upper", "upper 95 % limit of the confidence", "share", _WILSON),
    Column("lift", "confidence over base rate: 1 where order means nothing", "ratio", _BASE),
    Column("lift_lower", "lower 95 % limit of the lift, the base rate taken as known", "ratio", _WILSON),
    Column("lift_upper", "upper 95 % limit of the lift, the base rate taken as known", "ratio", _WILSON),
    Column("leverage", "users with the rule beyond those that the base rate explains", "users", _BASE),
    Column("base_rate", "confidence expected if each user's events of the consequent came at random", "share", _BASE),
    Column("antecedent_count", "users that have the antecedent", "users", "exact count"),
    Column("followed_count", "of those, users with at least one event after it", "users", "exact count"),
)

_ORDERLESS = (
    Column("classical_lift", "confidence over the share of all users that have the consequent", "ratio", _BASKETS),
    Column("copurchase_lift", "users with all symbols, in any order, over those of independent symbols", "ratio",
           _BASKETS),
    Column("lag_lower", "lower quartile of the time from antecedent to consequent, in each user's first match; events "
           "in a log without time", "seconds", _LAGS),
    Column("lag_median", "median of that time", "seconds", _LAGS),
    Column("lag_upper", "upper quartile of that time", "seconds", _LAGS),
)  # fmt: skip

_ELSEWHERE = (
    Column("support_count", "users whose history has the pattern", "users", "exact count"),
    Column("support", "share of the users that have the pattern", "share", "exact count"),
    Column("support_lower", "lower 95 % limit of the support", "share", _WILSON),
    Column("support_upper", "upper 95 % limit of the support", "share", _WILSON),
    Column("shrinkage", "lift there over lift where the pattern was mined", "ratio", _BASE),
)

_REDUNDANCY = (
    Column("gain", "confidence above the best rule with a symbol less, on held-out users", "share", _WEBB),
    Column("gain_p_value", "chance of such a gain if the symbol told nothing: the worst over the symbols", "p-value",
           _WEBB),
    Column("direction_p_value", "chance of beating every other order of the symbols if all were alike", "p-value",
           "`mining.judging.rivals`"),
    Column("comes_together", "whether it meets every condition up to its direction: it comes close together, in either "
           "order", "true or false", "`mining.judging.rivals`"),
    Column("part_support", "users with the pattern outside of the longer released ones that it is a part of", "users",
           _PARTS),
    Column("part_p_value", "p-value of its order there; null for what is part of none", "p-value", _PARTS),
    Column("is_independent", "whether it is more than a part of longer ones, and met all conditions", "true or false",
           _PARTS),
    Column("told_of", "users that it would tell of beside what is shown, where they are too few to show it", "users",
           "`mining.judging.channels`"),
    Column("released", "whether it meets every condition of the release", "true or false", _RELEASE),
    Column("cover_rank", "1 for the released pattern that most users have, 2 for the best of the others, and so on",
           "rank", _RELEASE),
)  # fmt: skip

_MODEL = (
    Column("num_cases", "held-out users in whom the rule is open: the antecedent is there, the consequent has not come "
           "since", "users", _NEXT, "cases"),
    Column("num_next", "of those, users whose next event is the consequent", "users", _NEXT),
    Column("num_first", "of those cases, the ones in which the model ranks the consequent first", "users", _NEXT),
    Column("model_probability", "mean probability that the model gives the consequent there", "probability", _NEXT,
           "model\nprob."),
    Column("first_probability", "the same where it ranks the consequent first", "probability", _NEXT),
    Column("first_confidence", "share in which it is right there", "share", _NEXT),
    Column("next_confidence", "share of the cases whose next event is the consequent; null for too few cases", "share",
           _NEXT, "next\nconf."),
    Column("next_confidence_lower", "lower 95 % limit of that share", "share", _WILSON),
    Column("next_confidence_upper", "upper 95 % limit of that share", "share", _WILSON),
    Column("calibration_gap", "model probability minus that share", "probability", _NEXT),
    Column("log_ratio", "logarithm of model probability over that share, half a user added on either side", "nats",
           _NEXT),
    Column("agreement", "chance that the model gives the consequent more in a case where it comes next than in another",
           "AUC", _NEXT),
    Column("next_lift", "that share over the share of the consequent among all held-out next events", "ratio", _NEXT),
    Column("next_p_value", "chance of as many if the antecedent told nothing: Fisher's exact test", "p-value", _NEXT),
    Column("underrated_p_value", "chance of as many or more if the model were right", "p-value",
           "Poisson-binomial tail of the model's probabilities"),
    Column("overrated_p_value", "chance of as few or fewer if the model were right", "p-value",
           "Poisson-binomial tail of the model's probabilities"),
    Column("next_q_value", "next_p_value corrected over the rules", "q-value", _BH),
    Column("underrated_q_value", "underrated_p_value corrected over the rules", "q-value", _BH),
    Column("overrated_q_value", "overrated_p_value corrected over the rules", "q-value", _BH),
)  # fmt: skip

_FAITHFULNESS = (
    Column("necessity", "loss of log-probability when the events of the antecedent are deleted, the gap closed", "nats",
           _PROBING),
    Column("control", "the same for other events, as many, as recent and as popular", "nats", _PROBING),
    Column("necessity_ratio", "necessity over control; null where the control costs nothing", "ratio", _PROBING),
    Column("hiding_necessity", "loss when the events are hidden in place", "nats", _PROBING),
    Column("order_effect", "loss when the events come in reverse order", "nats", _PROBING),
    Column("interaction", "what only all events together do; of two to four events", "nats", _PROBING),
    Column("sufficiency_loss", "loss when only the events are kept", "nats", _PROBING),
    Column("sufficiency_control", "loss when only the control events are kept", "nats", _PROBING),
    Column("counterfactual_fidelity", "of the cases with the consequent in the top K, the share in which the deletion "
           "takes it out", "share", _PROBING),
    Column("deletion_size", "mean number of events of the smallest deletion that takes it out", "events", _PROBING),
    Column("faithfulness", "loss of deleting the weakest event, less that of its matched control", "nats", _PROBING,
           "faith-\nful"),
    Column("faithfulness_p_value", "chance of that if some event cost no more than its control", "p-value",
           "Wilcoxon signed-rank test, the largest over the events"),
)  # fmt: skip


def _there(columns: tuple[Column, ...], prefix: str, where: str) -> Iterator[Column]:
    """Yield columns as they are measured elsewhere, on users or days that the patterns were not mined from."""
    for column in columns:
        yield replace(column, name=prefix + column.name, meaning=f"{column.meaning}, {where}")


def _sections() -> dict[str, tuple[Column, ...]]:
    shown = {"confidence": "conf.", "lift": "lift", "holdout_lift": "lift on\nothers", "later_lift": "lift\nlater"}
    rules = {*shown, "holdout_confidence", "later_confidence"}

    def finished(columns: Iterator[Column] | tuple[Column, ...]) -> tuple[Column, ...]:
        return tuple(replace(one, header=shown.get(one.name), in_rules=one.name in rules) for one in columns)

    elsewhere = (*_RULE, *_ELSEWHERE)
    return {
        "Patterns and support": _PATTERN,
        "Order, repeats, co-occurrence, stability": _ORDER_TEST,
        "As a rule to the last symbol": finished(_RULE),
        "Without order, and the time between": _ORDERLESS,
        "On held-out users": finished(_there(elsewhere, "holdout_", "among held-out users")),
        "On later days": finished(_there(elsewhere, "later_", "on later days")),
        "Redundancy and release": _REDUNDANCY,
        "Against a model, at test targets": _MODEL,
        "What the model works by (perturbation queries)": _FAITHFULNESS,
    }


SECTIONS = _sections()
"""The columns by what they speak of."""
COLUMNS = {column.name: column for columns in SECTIONS.values() for column in columns}
"""Every column by its name."""


def headers(*names: str) -> dict[str, str]:
    """Return what some columns are called in the terminal.

    >>> headers("support_count", "q_value")
    {'support_count': 'users', 'q_value': 'q'}
    """
    return {name: COLUMNS[name].header or name for name in names}


def as_markdown() -> str:
    """Return the dictionary as a document."""
    parts = [
        "# Columns of `patterns.parquet` and `rules.parquet`\n",
        "What `python -m seqmine.mine` writes; null is what was not measured. Made from the column dictionary in",
        "`seqmine/reporting/pattern_columns.py` by `python -m seqmine.reporting.pattern_columns`. Columns with *",
        "are in `rules.parquet` as well, or in it only.\n",
    ]
    for title, columns in SECTIONS.items():
        parts += [f"## {title}\n", "| column | unit | meaning | source |", "|---|---|---|---|"]
        for column in columns:
            name = f"`{column.name}`{' *' if column.in_rules else ''}"
            parts.append(f"| {name} | {column.unit} | {column.meaning} | {column.source} |")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
