"""Files from their publisher: resumed where they broke off, checked, and in place only when complete."""

import hashlib
import http
import http.client
import json
import logging
import time
import urllib.error
import urllib.request
from pathlib import Path

from seqmine.structs import UserError
from seqmine.structs.files import write_json

_log = logging.getLogger(__name__)
_BLOCK_BYTES = 1 << 20
_TIMEOUT_SECONDS = 30.0
_ATTEMPTS = 4
_SECONDS_BETWEEN_NEWS = 5.0
CHECKSUMS = "checksums.json"
"""File beside the downloads that keeps the checksums of files whose publisher names none."""


def download(url: str, target: Path, checksum: str | None = None, setting: str = "root") -> Path:
    """Fetch a file unless it is there, resuming an earlier attempt, and check it before it takes its name.

    Args:
        url: http or https address.
        target: where the file goes; the part that has arrived is kept beside it until it is complete.
        checksum: ``md5:...`` or ``sha256:...`` from the publisher. Without one, the sha256 of the first download is
            recorded in ``checksums.json`` beside the file, and later downloads must agree with it.
        setting: the parameter to change to give the file by hand, for messages.

    Raises:
        UserError: the address cannot be reached, the disk is full, or the content is not what was expected.
    """
    if target.exists():
        return target
    if not url.startswith(("http://", "https://")):
        raise UserError(f"{url} is not an http or https address; set `{setting}` to a folder that holds {target.name}")
    part, marker = target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.part.json")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part, marker)
        _verify_arrival(part, checksum or recorded_checksum(target), target.name, url)
        part.replace(target)
        marker.unlink(missing_ok=True)
        if checksum is None:
            _record_checksum(target)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        reason = getattr(error, "reason", None) or error
        raise UserError(
            f"{url} cannot be downloaded ({reason}); connect to the network or put {target.name} into {target.parent}, "
            f"the folder under `{setting}`"
        ) from error
    except OSError as error:
        raise UserError(f"{target} cannot be written ({error.strerror}); free space or change `{setting}`") from error
    return target


def verify(path: Path, checksum: str | None, name: str, origin: str) -> None:
    """Compare a file with a checksum.

    Args:
        path: the file.
        checksum: ``md5:...`` or ``sha256:...``; None accepts any content.
        name: what the file is called in the message.
        origin: where it came from, for the message.

    Raises:
        UserError: the content is not what the checksum says.
    """
    if checksum is None:
        return
    kind, _, expected = checksum.partition(":")
    found = file_hash(path, kind)
    if found != expected.lower():
        raise UserError(
            f"{name} from {origin} has {kind} {found} where {expected} is expected; "
            "remove it and start again, or get it from its publisher by hand if this repeats"
        )


def file_hash(path: Path, kind: str) -> str:
    """Return the hash of the content of a file as hexadecimal text; ``kind`` is ``md5`` or ``sha256``."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(kind, usedforsecurity=False)).hexdigest()


def recorded_checksum(target: Path) -> str | None:
    """Return the checksum that an earlier download of a file left, or None."""
    record = target.with_name(CHECKSUMS)
    return json.loads(record.read_text()).get(target.name, {}).get("checksum") if record.exists() else None


def _verify_arrival(part: Path, checksum: str | None, name: str, url: str) -> None:
    try:
        verify(part, checksum, name, url)
    except UserError:
        # What arrived is wrong from the first byte on, so the next attempt must not continue it.
        part.unlink()
        raise


def _record_checksum(target: Path) -> None:
    record = target.with_name(CHECKSUMS)
    known = json.loads(record.read_text()) if record.exists() else {}
    known[target.name] = {"checksum": f"sha256:{file_hash(target, 'sha256')}", "bytes": target.stat().st_size}
    write_json(record, known)
    _log.warning("%s: its publisher names no checksum; %s is recorded", target.name, known[target.name]["checksum"])


def _fetch(url: str, part: Path, marker: Path) -> None:
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            if _fetch_rest(url, part, marker):
                return
        except (http.client.HTTPException, TimeoutError, ConnectionError):
            if attempt == _ATTEMPTS:
                raise
        except urllib.error.HTTPError as error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
            part.unlink(missing_ok=True)
        _log.warning(
            "%s broke off after %d bytes, attempt %d", url, part.stat().st_size if part.exists() else 0, attempt
        )
    raise http.client.IncompleteRead(b"")


def _fetch_rest(url: str, part: Path, marker: Path) -> bool:
    """Append what is missing and return whether the file is complete as far as the server says."""
    have = part.stat().st_size if part.exists() and marker.exists() else 0
    headers = {"User-Agent": "seqmine", "Accept-Encoding": "identity"}
    if have:
        # If-Range makes the server start over when the file has changed, so two versions are never joined.
        headers |= {"Range": f"bytes={have}-", "If-Range": json.loads(marker.read_text())["version"]}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=_TIMEOUT_SECONDS) as answer:
        resumed = answer.status == 206
        version = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
        if version and not version.startswith("W/"):
            marker.write_text(json.dumps({"version": version}))
        else:
            marker.unlink(missing_ok=True)
        start = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = None if length is None else start + int(length)
        arrival = _Arrival(part.name.removeprefix(".").removesuffix(".part"), start, total)
        with part.open("ab" if resumed else "wb") as file:
            while block := answer.read(_BLOCK_BYTES):
                file.write(block)
                arrival.advance(len(block))
    return total is None or part.stat().st_size == total


class _Arrival:
    """Tell every few seconds in the log how much of a file has arrived."""

    def __init__(self, name: str, start: int, total: int | None) -> None:
        self.name, self.arrived, self.total = name, start, total
        self.told = time.monotonic()

    def advance(self, num_bytes: int) -> None:
        """Count bytes that arrived."""
        self.arrived += num_bytes
        if time.monotonic() - self.told < _SECONDS_BETWEEN_NEWS:
            return
        self.told = time.monotonic()
        share = "" if not self.total else f" of {self.total / 2**20:.0f} ({self.arrived / self.total:.0%})"
        _log.info("%s: %.0f%s MiB have arrived", self.name, self.arrived / 2**20, share)
