"""The best checkpoint, which a resumed run takes over from the run it goes on from."""

import shutil
from pathlib import Path
from typing import Any

from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_only


class BestCheckpoint(ModelCheckpoint):
    """Keep the checkpoint with the best value of the monitored metric, over all runs that go on from one another.

    Lightning's own callback forgets the best of the earlier run when the run folder changes; a resumed run that
    never improves on it would then end with a worse model than the uninterrupted one.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Copy the best checkpoint of the earlier run into this run's folder and go on from its score."""
        earlier = Path(state_dict["best_model_path"])
        if state_dict["dirpath"] != self.dirpath and earlier.is_file():
            path = Path(str(self.dirpath)) / earlier.name
            _copy(earlier, path)
            score = state_dict["best_model_score"]
            state_dict = {
                **state_dict,
                "dirpath": self.dirpath,
                "best_model_path": str(path),
                "kth_best_model_path": str(path),
                "best_k_models": {str(path): score},
                "last_model_path": "",
            }
        super().load_state_dict(state_dict)


@rank_zero_only
def _copy(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    temporary = destination.with_name(f".{destination.name}.copy")
    shutil.copyfile(source, temporary)
    temporary.replace(destination)
