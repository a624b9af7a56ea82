"""What the settings of programs may be that no component takes: those that a program reads itself."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from seqmine.structs.bounds import AtLeastTwo, InnerShare, NonNegativeInt, PositiveInt, Seed

_Seen = Literal["auto", "full", "window", "none"]
_Ids = str | int | Sequence[str | int] | None
_PLACEMENT = {
    "trainer.accelerator": str | None,
    "trainer.devices": PositiveInt | str | list[NonNegativeInt] | None,
}
_COLUMNS = ("user_id", "item_id", "timestamp", "session", "behavior", "rating")
_EVERYWHERE: Mapping[str, Any] = {
    "seed": Seed,
    "debug": bool,
    "print_config": bool,
    "trusted": Sequence[str],
    "run": str,
    "runs": str | Sequence[str],
    "patterns": str | None,
    "batch_size": PositiveInt,
    "size": PositiveInt,
    "top_k": PositiveInt,
    "num_shown": NonNegativeInt,
    "data.path": str | None,
    "data.query": str | None,
    "data.connection": str | None,
    "release.min_users": PositiveInt,
    "evaluation.seen": _Seen,
    "evaluation.candidates": Literal["full", "available", "uniform_100", "popularity_100"],
    "paths.outputs": str,
    "paths.run": str,
    "paths.data": str,
    "paths.store": str,
}
_OF_PROGRAMS: Mapping[str, Mapping[str, Any]] = {
    "train": {
        "run_name": str,
        "tags": Sequence[Any],
        "monitor": str,
        "ckpt_path": str | None,
        "resume": Literal["auto"] | None,
        "init_from": str | None,
        "recipe": Mapping[str, Any] | None,
        "privacy": Mapping[str, Any] | None,
        "sweep.num_trials": PositiveInt,
        "sweep.folder": str,
        "sweep.seed": Seed,
    },
    "evaluate": {
        **_PLACEMENT,
        "evaluation.seen": _Seen | None,
        "evaluation.ties": Literal["pessimistic", "mean", "optimistic"] | None,
        "evaluation.unseen_targets": Literal["keep", "drop", "score"] | None,
        "evaluation.candidates": Literal["full", "available", "uniform_100", "popularity_100"] | None,
        "evaluation.seed": Seed | None,
    },
    "recommend": {
        **_PLACEMENT,
        "trainer.devices": PositiveInt,
        "input": str | None,
        **{f"reading.columns.{name}": str | int | None for name in _COLUMNS},
        "reading.time_format": str | None,
        "reading.header": bool | None,
        "reading.layout": Literal["auto", "user_per_line", "event_per_line", "items_per_line", "spmf"] | None,
        "users": _Ids,
        "items": _Ids,
        "exclude": _Ids,
        "only": _Ids,
        "min_users": PositiveInt,
        "history": Literal["full", "test"],
        "seen": _Seen | None,
        "evaluation.candidates": Literal["full", "available"] | None,
        "fallback": Literal["none", "popularity"],
        "scores": Literal["raw", "probability"],
        "output": str | None,
        "at": str | int | float | None,
        "shard_size": PositiveInt,
        "users_per_file": PositiveInt,
    },
    "explain": {
        **_PLACEMENT,
        "user": str | int | None,
        "users": str | int | None,
        "item": str | int | None,
        "history": str | int | None,
        "num_items": PositiveInt,
        "after": Literal["full", "test"],
    },
    "mine": {
        **_PLACEMENT,
        "run": str | None,
        "run_name": str,
        "tags": Sequence[Any],
        "part": Literal["train", "all"],
        "num_shown": PositiveInt | None,
        "groups": str | None,
    },
    "prepare": {
        "privacy.pseudonymize": bool,
        "privacy.key_variable": str,
        "privacy.time_grain": str | None,
    },
    "leaderboard": {
        "metric": str,
        "against": str | None,
        "columns": Sequence[str],
        "confidence": InnerShare,
        "num_resamples": PositiveInt,
        "slices": Mapping[str, Sequence[float]],
        "free_settings": Sequence[str],
    },
    "judge": {
        "run_name": str,
        "tags": Sequence[Any],
        "recommendations": str,
        "validation": str | None,
        "targets": str | None,
        "monitor": str | None,
    },
    "tokenize": {
        "vectors": str,
        "items_path": str | None,
        "tokenizer": str | None,
        "num_levels": PositiveInt,
        "num_codes": AtLeastTwo,
    },
    "audit": {"reference": str | None, "confidence": InnerShare},
    "report": {"runs": str | Sequence[str] | None, "run_name": str, "tags": Sequence[Any]},
    "forget": {"store": str, "users": _Ids},
    "embed": {"columns": Sequence[str], "shard_size": PositiveInt, "cache": str},
}


def settings_of_program(name: str) -> dict[str, Any]:
    """Return what the settings that a program reads itself may be, by their full names.

    >>> settings_of_program("train")["resume"]
    typing.Optional[typing.Literal['auto']]
    """
    return {**_EVERYWHERE, **_OF_PROGRAMS.get(name, {})}
