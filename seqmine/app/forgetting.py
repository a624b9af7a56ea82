"""The erasure of users: from every prepared log of a folder, with the runs that saw them."""

import json
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from omegaconf import DictConfig

from seqmine.data.checksums import damaged_file, discard
from seqmine.data.sequences import PreparedData, person_keys
from seqmine.data.store import read_store, write_store
from seqmine.privacy.erasure import traces, without_users
from seqmine.runs.comparable import matching
from seqmine.runs.components import build
from seqmine.runs.folder import read_config, read_metrics
from seqmine.serving.ids import keep_known, read_ids
from seqmine.structs import UserError

_OF_THE_STORE = ("version", "behavior_names", "num_user_codes", "files", "crc32")


@dataclass(frozen=True)
class PreparedLog:
    """A prepared log on disk.

    Args:
        folder: named by its fingerprint.
    """

    folder: Path

    @cached_property
    def data(self) -> PreparedData:
        """What the store holds."""
        return read_store(self.folder)

    @cached_property
    def people(self) -> pl.Series:
        """(U,) raw key of the user behind each history: several where histories are sessions."""
        return pl.Series(person_keys(self.data.log, self.data.user_ids), dtype=pl.String)

    def ids_of(self, users: frozenset[str]) -> set[str]:
        """Return the raw keys of the histories of some users: their own, or those of their sessions."""
        return {self.data.user_ids[row] for row in self.people.is_in(users).arg_true().to_list()}

    def rebuild(self, users: frozenset[str]) -> dict[str, Any]:
        """Put a log without the users in the place of this one, and return what was done.

        The new one is complete, and was searched for their ids, before the old one is taken away.

        Args:
            users: raw keys of whom to leave out.

        Raises:
            UserError: nothing is left to train on, or an id stands where none of a user should.
        """
        start = time.perf_counter()
        old, erased = self.data, self.people.is_in(users).to_numpy()
        num_erased = self.people.filter(erased).n_unique()
        description = json.loads((self.folder / "description.json").read_text())
        about = {name: value for name, value in description.items() if name not in _OF_THE_STORE}
        about["erased_users"] = about.get("erased_users", 0) + num_erased
        new = self.folder.with_name(f"{self.folder.name}.without")
        shutil.rmtree(new, ignore_errors=True)
        data = without_users(old, erased)
        write_store(data, new, about, {"audit.json": (self.folder / "audit.json").read_text()})
        found = traces(new, users | self.ids_of(users))
        if found:
            shutil.rmtree(new)
            raise UserError(
                f"ids of the users also stand in {', '.join(found)} of {self.folder}, where they are no ids of users; "
                "prepare the log anew from a file without these users"
            )
        discard(self.folder)
        new.replace(self.folder)
        return {
            "store": str(self.folder),
            "users": num_erased,
            "events": old.log.num_events - data.log.num_events,
            "items_gone": len(_items_of(old) - _items_of(data)),
            "users_left": data.log.num_people,
            "traces_left": len(found),
            "ids_that_are_also_items": len(users & _items_of(data)),
            "seconds": round(time.perf_counter() - start, 3),
        }


def forget(config: DictConfig) -> dict[str, Any]:
    """Erase users from all prepared logs of a folder, and return what was erased and which runs saw them.

    Args:
        config: of the program.

    Raises:
        UserError: the folder holds no prepared log, one is damaged, or none of the users is in any of them.
    """
    known = [PreparedLog(folder) for folder in _prepared(Path(config.store))]
    if not Path(str(config.users)).is_file():
        raise UserError(f"users is {config.users!r}, allowed is a file of ids, as what is typed is kept; change users")
    asked = read_ids(str(config.users), "users", ["user_id"])
    users = frozenset(keep_known(asked, {key for log in known for key in log.people}, "users", "users"))
    ids = {log: log.ids_of(users) for log in known}
    logs = [log for log in known if ids[log]]
    runs = _runs_that_saw(config, {log.folder.name for log in logs}, users.union(*ids.values()))
    stores = [log.rebuild(users) for log in logs]
    return {"num_users": len(users), "num_unknown": len(asked) - len(users), "stores": stores, "runs": runs}


def _prepared(store: Path) -> list[Path]:
    """Return the prepared logs in a folder, or the folder itself where it is one."""
    described = [store / "description.json", *sorted(store.glob("*/description.json"))]
    folders = [path.parent for path in described if path.is_file()]
    if not folders:
        raise UserError(f"store is {str(store)!r}, which holds no prepared log; set store to the value of paths.store")
    for folder in folders:
        damaged = damaged_file(folder)
        if damaged is not None:
            raise UserError(f"{folder / damaged} is not as it was written; remove {folder}, and prepare the log anew")
    return folders


def _items_of(data: PreparedData) -> set[str]:
    return {*data.catalog.item_ids, *data.unseen_item_ids}


def _runs_that_saw(config: DictConfig, fingerprints: Collection[str], ids: frozenset[str]) -> list[dict[str, Any]]:
    """Return the runs on these logs, with their checkpoints, and all that hold one of the ids in a file."""
    found = []
    folders = sorted({path for pattern in config.runs for path in matching(pattern)})
    for folder in (path for path in folders if (path / "config.yaml").is_file()):
        fingerprint = _fingerprint(folder, config)
        files = sorted(traces(folder, ids))
        if fingerprint in fingerprints or files:
            checkpoints = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.ckpt"))
            found.append({"run": str(folder), "store": fingerprint, "checkpoints": checkpoints, "files": files})
    return found


def _fingerprint(folder: Path, config: DictConfig) -> str | None:
    """Return the fingerprint of the log of a run; None where it has none, or where the log is gone."""
    try:
        return str(read_metrics(folder)["protocol"]["data_fingerprint"])
    except (ValueError, KeyError, TypeError):
        pass
    try:
        settings = read_config(str(folder))
        return str(build(settings.data.module, config.trusted).fingerprint) if "data" in settings else None
    except (UserError, AttributeError):
        return None
