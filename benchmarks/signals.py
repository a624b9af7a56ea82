"""Ask trainings to stop, at four moments, and tell what they say, with which status they end, and after how long.

python -m benchmarks.signals [--devices 1,2] [--signals SIGTERM,SIGINT,SIGKILL] [--moments epoch,test]

A signal comes while the log is prepared, in the middle of an epoch, in a validation and in the test. SIGINT goes to all
processes, as a keyboard sends it, the others to the first alone. Seconds are those until the last process is gone. The
status is 0 when each training ends as it was asked to within 10 seconds, or 30 with several processes.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.kills import SETTINGS, write_log

_WITHIN_S = {1: 10, 2: 30}
# slow enough to be met in the middle, and tells when it is there
_TELLING = """
import time
from pathlib import Path
from lightning import Callback

def tell(trainer, moment, number):
    if number == 1 and trainer.is_global_zero:
        Path(moment).touch()
    time.sleep(0.2)

class Moments(Callback):
    def on_train_batch_start(self, trainer, module, batch, number):
        tell(trainer, "epoch", number)
    def on_validation_batch_start(self, trainer, module, batch, number, loader=0):
        tell(trainer, "validation", number)
    def on_test_batch_start(self, trainer, module, batch, number, loader=0):
        tell(trainer, "test", number)
"""


def main() -> None:
    """Print a row a training."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--devices", default="1,2")
    options.add_argument("--signals", default="SIGTERM,SIGINT,SIGKILL")
    options.add_argument("--moments", default="preparation,epoch,validation,test")
    asked = options.parse_args()
    wrong = 0
    sys.stdout.write("| processes | signal | in | status | seconds | says |\n|---|---|---|---|---|---|\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = write_log(folder / "log.txt", random.Random(1))
        (folder / "moments.py").write_text(_TELLING)
        for devices in map(int, asked.devices.split(",")):
            for number in (getattr(signal, name) for name in asked.signals.split(",")):
                for moment in asked.moments.split(","):
                    shutil.rmtree(folder / "work", ignore_errors=True)
                    (folder / "work").mkdir()
                    status, seconds, says = stopped(folder, log, devices, number, moment)
                    expected = -number if number == signal.SIGKILL else 128 + number
                    wrong += status != expected or seconds > _WITHIN_S[min(devices, 2)]
                    row = (devices, number.name, moment, status, f"{seconds:.1f}", says.replace(str(folder), ""))
                    sys.stdout.write(f"| {' | '.join(map(str, row))} |\n")
                    sys.stdout.flush()
    sys.exit(min(wrong, 1))


def stopped(folder: Path, log: Path, devices: int, number: signal.Signals, moment: str) -> tuple[int, float, str]:
    """Start a training, send a signal at a moment, and return its status, the seconds to its end, and its last line."""
    work = folder / "work"
    sign = work / ("run/config.yaml" if moment == "preparation" else moment)
    command = [
        sys.executable, "-m", "seqmine.train", *SETTINGS, f"data.path={log}", f"trainer.devices={devices}",
        "data.eval_batch_size=64", f"paths.store={work / 'store'}", "+callbacks.moments._target_=moments.Moments",
        "trusted=[moments.Moments]", f"hydra.run.dir={work / 'run'}",
    ]  # fmt: skip
    here = [folder, *os.environ.get("PYTHONPATH", "").split(os.pathsep), Path.cwd()]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(map(str, here))}
    with (work / "output.txt").open("w") as output:
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, cwd=work, start_new_session=True
        )
        while not sign.exists() and process.poll() is None:
            time.sleep(0.01)
        start = time.monotonic()
        if process.poll() is None:
            (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        status = process.wait()
        while _of_session(process.pid) and time.monotonic() - start < 120:
            time.sleep(0.05)
    seconds = time.monotonic() - start
    lines = [line for line in (work / "output.txt").read_text().splitlines() if line.startswith(("stopped", "error"))]
    return status, seconds, " ".join(lines)


def _of_session(session: int) -> list[Path]:
    """Return the processes of a session that still run."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = status.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        if int(words[3]) == session and words[0] != "Z":
            found.append(status)
    return found


if __name__ == "__main__":
    main()
