"""Where the files of a public data set are: on disk, in an archive, or at their publisher."""

import logging
from pathlib import Path

from seqmine.data.sources.archives import is_archive, unpack
from seqmine.data.sources.download import download, verify
from seqmine.structs import UserError

_log = logging.getLogger(__name__)


class Publication:
    """Finds the files of a public data set under a folder and downloads them when they are not there.

    A file is looked for in ``<root>/<name>`` and below, then in ``<root>``, each with and without ``.gz``; then in the
    archive that the publisher gives out, when that lies there.

    Args:
        root: folder of all public data sets.
        name: folder of this one below ``root``.
        homepage: the page that explains how to get the files.
        url: address of the file or archive, or None when its publisher asks for a login or consent first.
        checksum: ``md5:...`` or ``sha256:...`` of what ``url`` gives, as published, or None.
    """

    def __init__(
        self, *, root: str, name: str, homepage: str, url: str | None = None, checksum: str | None = None
    ) -> None:
        self.root = Path(root).expanduser()
        self.name = name
        self.homepage = homepage
        self.url = url
        self.checksum = checksum

    def require(self, file: str) -> Path:
        """Return the path of a file, downloading and unpacking it when it is not there.

        Raises:
            UserError: it is not there and cannot be downloaded; the message says where to get it.
        """
        found = self.find(file)
        if found is None and self.url is not None:
            arrived = self._archive() or download(self.url, self._target(), self.checksum)
            if is_archive(arrived):
                unpack(arrived, self.root / self.name)
            found = self.find(file)
        if found is None:
            raise UserError(
                f"`root`={self.root} has no {self.name}/{file}; get it from {self.homepage} and put it there, "
                "or set `root` to the folder that has it"
            )
        _log.info("%s is read from %s", self.name, found)
        return found

    def find(self, file: str) -> Path | None:
        """Return the path of a file that is there, or None."""
        names = [file, file.removesuffix(".gz"), f"{file}.gz"]
        folder = self.root / self.name
        candidates = [folder / name for name in names]
        if folder.is_dir():
            candidates += [match for name in names for match in sorted(folder.rglob(name))]
        candidates += [self.root / name for name in names]
        return next((path for path in candidates if path.is_file()), None)

    def _archive(self) -> Path | None:
        """Return the archive that lies under the root, checked, or None."""
        if self.url is None or not is_archive(self._target()):
            return None
        places = (self._target(), self.root / self._target().name)
        found = next((path for path in places if path.is_file()), None)
        if found is not None:
            verify(found, self.checksum, found.name, str(found.parent))
        return found

    def _target(self) -> Path:
        return self.root / self.name / Path(str(self.url).split("?", maxsplit=1)[0]).name
