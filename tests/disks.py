"""Give every program a disk that is full, may only be read, or is none, and see that each is told in a sentence.

    python tests/disks.py                        all programs
    python tests/disks.py train report           some

A test run does not collect it. The folder of the run, and that of prepared logs where a program makes them, lies on a
disk of no or little room, on one that may only be read, in a folder of somebody else, and below a file. Small disks are
mounted in memory, for which it has to run as root on Linux. The last lines are a table, a row a program, as that of
``tests/mistakes.py``; the status is 0 when all is told or done.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.mistakes import BASES, Mistake, load, make_data, run_forked, table

_DISKS = {"full": "size=4k", "nearly full": "size=200k", "read-only": "ro"}
_STORE = "paths.store="


def main(programs: Sequence[str]) -> int:
    """Print what became of each program on each disk, and count."""
    load()
    counts: dict[str, Counter[str]] = {program: Counter() for program in programs}
    with tempfile.TemporaryDirectory() as name, places(Path(name)) as disks:
        folder = Path(name)
        names = make_data(folder)
        for program in programs:
            base = [one.format(**names, fresh=f"{folder}/store") for one in BASES[program]]
            of_store = [None, _STORE] if any(one.startswith(_STORE) for one in base) else [None]
            for number, (kind, place) in enumerate(disks.items()):
                for setting in of_store:
                    tried = Mistake(program, f"{setting}{place / program}" if setting else "debug=false")
                    run = None if setting else place / program
                    work = folder / f"{program}_{number}_{setting is None}"
                    outcome = run_forked(tried, base, work, run)
                    counts[program][outcome.verdict] += 1
                    where = setting or "hydra.run.dir="
                    sys.stdout.write(f"{outcome.verdict:13}  {program} {where}<{kind}>  {outcome.message[:200]}\n")
                    sys.stdout.flush()
    sys.stdout.write(f"{table(counts)}\n")
    return sum(found[verdict] for found in counts.values() for verdict in ("traceback", "wrong success", "hang"))


@contextmanager
def places(folder: Path) -> Iterator[dict[str, Path]]:
    """Yield folders that cannot be written, by what is wrong with them."""
    found = {}
    try:
        for kind, options in _DISKS.items():
            place = folder / kind.replace(" ", "_")
            place.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(place)], check=True)
            found[kind] = place
            if kind == "full":
                (place / "filling").write_bytes(bytes(4096))
        locked, file = folder / "of_somebody", folder / "file"
        locked.mkdir()
        locked.chmod(0)
        file.touch()
        yield {**found, "of somebody else": locked, "a file": file}
    finally:
        for place in found.values():
            subprocess.run(["umount", str(place)], check=True)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:] or [program for program in BASES if program != "forget"]), 1))
