"""The erasure of users: from every prepared log of a folder, with the runs that saw them."""

import json
import shutil
import time
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from omegaconf import DictConfig

from seqmine.data.checksums import damaged_file, discard
from seqmine.data.store import StoredKeys, read_store, write_store
from seqmine.privacy.erasure import traces, without_users
from seqmine.runs.comparable import matching
from seqmine.runs.components import build
from seqmine.runs.folder import read_config, read_metrics
from seqmine.serving.ids import keep_known, read_ids
from seqmine.structs import UserError

_OF_THE_STORE = ("version", "behavior_names", "num_user_codes", "files")


@dataclass(frozen=True)
class PreparedLog:
    """A prepared log on disk.

    Args:
        folder: named by its fingerprint.
        users: ids to erase.
    """

    folder: Path
    users: frozenset[str]

    @cached_property
    def erased(self) -> NDArray[np.bool_]:
        """(U,) which of its users are to be erased; the histories of one user may be several."""
        keys = StoredKeys(self.folder / "users.parquet", "user_id")
        return pl.Series(list(keys), dtype=pl.String).is_in(self.users).to_numpy()

    def rebuild(self) -> dict[str, Any]:
        """Put a log without the users in the place of this one, and return what was done.

        The new one is complete, and was searched for their ids, before the old one is taken away.

        Raises:
            UserError: nothing is left to train on.
        """
        start = time.perf_counter()
        old = read_store(self.folder)
        description = json.loads((self.folder / "description.json").read_text())
        about = {name: value for name, value in description.items() if name not in _OF_THE_STORE}
        about["erased_users"] = about.get("erased_users", 0) + int(self.erased.sum())
        new = self.folder.with_name(f"{self.folder.name}.without")
        shutil.rmtree(new, ignore_errors=True)
        data = without_users(old, self.erased)
        write_store(data, new, about, {"audit.json": (self.folder / "audit.json").read_text()})
        found = traces(new, self.users)
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
            "users": int(self.erased.sum()),
            "events": old.log.num_events - data.log.num_events,
            "items_gone": len(set(old.catalog.item_ids) - set(data.catalog.item_ids)),
            "users_left": data.log.num_users,
            "traces_left": 0,
            "ids_that_are_also_items": len(self.users & {*data.catalog.item_ids, *data.unseen_item_ids}),
            "seconds": round(time.perf_counter() - start, 3),
        }


def forget(config: DictConfig) -> dict[str, Any]:
    """Erase users from all prepared logs of a folder, and return what was erased and which runs saw them.

    Args:
        config: of the program.

    Raises:
        UserError: the folder holds no prepared log, one is damaged, or none of the users is in any of them.
    """
    folders = _prepared(Path(config.store))
    if not Path(str(config.users)).is_file():
        raise UserError(f"users is {config.users!r}, allowed is a file of ids, as what is typed is kept; change users")
    asked = read_ids(str(config.users), "users", ["user_id"])
    known = {key for folder in folders for key in StoredKeys(folder / "users.parquet", "user_id")}
    users = frozenset(keep_known(asked, known, "users", "users"))
    logs = [log for log in (PreparedLog(folder, users) for folder in folders) if log.erased.any()]
    runs = _runs_that_saw(config, {log.folder.name for log in logs}, users)
    stores = [log.rebuild() for log in logs]
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


def _runs_that_saw(config: DictConfig, fingerprints: Collection[str], users: frozenset[str]) -> list[dict[str, Any]]:
    """Return the runs on these logs, with their checkpoints, and all that hold an id of the users in a file."""
    found = []
    folders = sorted({path for pattern in config.runs for path in matching(pattern)})
    for folder in (path for path in folders if (path / "config.yaml").is_file()):
        fingerprint = _fingerprint(folder, config)
        files = sorted(traces(folder, users))
        if fingerprint in fingerprints or files:
            checkpoints = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.ckpt"))
            found.append({"run": str(folder), "store": fingerprint, "checkpoints": checkpoints, "files": files})
    return found


def _fingerprint(folder: Path, config: DictConfig) -> str | None:
    """Return the fingerprint of the log of a run; None where it has none, or where the log is gone."""
    try:
        return str(read_metrics(folder)["protocol"]["data_fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        settings = read_config(str(folder))
        return str(build(settings.data.module, config.trusted).fingerprint) if "data" in settings else None
    except (UserError, AttributeError):
        return None
