"""What may be trained with a promise to users: parts in which one user stands alone; others are refused by name."""

from collections.abc import Sequence

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import WandbLogger
from torch.nn.modules.batchnorm import _BatchNorm

from seqmine.data.cleaning.core import KCore
from seqmine.data.cleaning.single_events import (
    ExactDuplicates,
    InvalidRows,
    KeepBehaviors,
    RepeatsWithin,
    ShortDwell,
)
from seqmine.data.cleaning.users import BurstUsers, HistoryLength, OneItemUsers, RoundTheClockUsers
from seqmine.data.collate import NextItemCollate
from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.poisson import PoissonBatching
from seqmine.data.public_users import PublicUsers
from seqmine.data.windows import LatestWindow
from seqmine.models.embeddings.items import ItemEmbedding
from seqmine.models.encoders.recurrent import RecurrentEncoder
from seqmine.models.encoders.sasrec import SASRecEncoder
from seqmine.models.encoders.transformer import TransformerEncoder
from seqmine.models.losses.bce import BCE
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.losses.gbce import GBCE
from seqmine.models.losses.sampled_softmax import SampledSoftmax
from seqmine.models.module import SequenceModule
from seqmine.models.negatives import UniformSampler
from seqmine.models.optimizers import LazyAdamW
from seqmine.structs import UserError

_ENCODERS = (TransformerEncoder, SASRecEncoder, RecurrentEncoder)
_LOSSES = (CrossEntropy, SampledSoftmax, BCE, GBCE)
_STEPS = (
    InvalidRows, ExactDuplicates, RepeatsWithin, ShortDwell, KeepBehaviors,
    HistoryLength, BurstUsers, OneItemUsers, RoundTheClockUsers,
)  # fmt: skip

Refusal = tuple[bool, str]


def require_private_model(module: LightningModule) -> SequenceModule:
    """Return a model whose gradient is a sum of one part for each user.

    Args:
        module: to be trained.

    Raises:
        UserError: one that couples users, or that looks at their counts.
    """
    if type(module) is not SequenceModule:
        raise UserError(
            f"model is a {type(module).__name__}, allowed with privacy=dp_sgd are model=transformer, sasrec, gru and "
            "lstm; change model or set privacy=none"
        )
    loss, sampler = module.loss, getattr(module.loss, "sampler", None)
    _refuse_first(
        [
            (type(module.encoder) not in _ENCODERS, _of("encoder", module.encoder, "transformer, sasrec, gru, lstm")),
            (any(isinstance(part, _BatchNorm) for part in module.modules()), "the model has batch norm, which mixes "
             "users; allowed with privacy=dp_sgd is layer norm: set model/norm@model.encoder.norm=layer"),
            (type(module.item_embedding) is not ItemEmbedding, _of("model/item_table", module.item_embedding, "own")),
            (len(module.context.parts) > 0, "model/context is set, allowed with privacy=dp_sgd is none; "
             "set model/context=[]"),
            (len(module.auxiliary) > 0, f"auxiliary is {', '.join(module.auxiliary)}, whose parts compare users; "
             "allowed with privacy=dp_sgd is none: choose a model without"),
            (type(loss) not in _LOSSES, _of("model/loss", loss, "cross_entropy, sampled_softmax, bce, gbce")),
            (sampler is not None and type(sampler) is not UniformSampler,
             f"the sampler of negatives is a {type(sampler).__name__}, which looks at the items of other users; "
             "allowed with privacy=dp_sgd is seqmine.models.negatives.UniformSampler: change model.loss.sampler"),
        ]
    )  # fmt: skip
    return module


def require_private_data(data: SequenceDataModule) -> PoissonBatching:
    """Return the batching of data in which each user is one sample.

    Args:
        data: of the training.

    Raises:
        UserError: several samples of a user, or a preparation that looks at others to decide about one.
    """
    require_private_log(data, "dp_sgd")
    batches = data._training_batches()
    collate = batches.collate
    _refuse_first(
        [
            (type(data.windows) is not LatestWindow, _of("data/windows", data.windows, "latest: one window a user")),
            (type(collate) is not NextItemCollate, _of("data/task", collate, "next_item")),
            (bool(getattr(getattr(collate, "augmentations", None), "changes", ())), "data/augmentation is set, whose "
             "rules look at other users; allowed with privacy=dp_sgd is none"),
        ]
    )  # fmt: skip
    if not isinstance(batches.batching, PoissonBatching):
        raise UserError("data.module.batching draws no users, allowed with privacy=dp_sgd is PoissonBatching")
    return batches.batching


def require_private_log(data: SequenceDataModule, promise: str) -> None:
    """Refuse a preparation by which a user is several, or others decide about one.

    Args:
        data: of the training.
        promise: the choice of ``privacy``.

    Raises:
        UserError: sessions, a horizon, a target behavior, or cleaning that looks at more than one user.
    """
    looking = [step for step in data.cleaning.steps if type(step) not in _STEPS]
    allowed = f"allowed with privacy={promise}"
    _refuse_first(
        [
            (data.prepared.log.people is not None, "data/sessions cuts the history of a user into several samples; "
             f"{allowed} is data/sessions=none"),
            (any(isinstance(step, KCore) for step in looking), "data/cleaning has KCore, which looks at all users "
             f"outside the budget; {allowed} are steps that look at one user: set data/cleaning=duplicates"),
            (bool(looking), f"data/cleaning has {', '.join(type(step).__name__ for step in looking)}, {allowed} are "
             "steps that look at one user; set data/cleaning=duplicates"),
            (data.features.horizon is not None, f"data.horizon is {data.features.horizon}, {allowed} is null"),
            (data.target_behaviors is not None, f"data.target_behavior is {data.target_behaviors}, which chooses users "
             f"by their events outside the budget; {allowed} is null"),
        ]
    )  # fmt: skip


def require_quiet(trainer: Trainer, promise: str) -> None:
    """Refuse loggers that send numbers on users to a server.

    Args:
        trainer: of the training.
        promise: the choice of ``privacy``.

    Raises:
        UserError: W&B is online.
    """
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger) and logger._wandb_init.get("mode") != "offline":
            raise UserError(
                "W&B is online, where numbers on users would be published that the budget does not pay; allowed with "
                f"privacy={promise} is WANDB_MODE=offline, or logger=csv"
            )


def require_private_trainer(trainer: Trainer) -> None:
    """Refuse what would add a second look at users, or steps that are not counted.

    Args:
        trainer: of the training.

    Raises:
        UserError: gradients over several batches, mixed precision, or numbers that leave the house.
    """
    require_quiet(trainer, "dp_sgd")
    by_public = isinstance(trainer.datamodule.split, PublicUsers)  # type: ignore[attr-defined]
    chooses = [
        part
        for part in trainer.callbacks  # type: ignore[attr-defined]
        if isinstance(part, EarlyStopping | ModelCheckpoint)
        and not (by_public and str(part.monitor).startswith("val/"))
    ]
    lazy = [optimizer for optimizer in trainer.optimizers if isinstance(optimizer, LazyAdamW)]
    _refuse_first(
        [
            (trainer.accumulate_grad_batches != 1, f"trainer.accumulate_grad_batches is "
             f"{trainer.accumulate_grad_batches}, allowed with privacy=dp_sgd is 1: raise data.batch_size instead"),
            (trainer.precision != "32-true", f"trainer.precision is {trainer.precision}, allowed with privacy=dp_sgd "
             "is 32-true"),
            (bool(chooses), f"callbacks has {type(chooses[0]).__name__ if chooses else None}, which chooses by users "
             "outside the budget; allowed with privacy=dp_sgd are the last weights: leave it out of callbacks, or set "
             "privacy.validation=public_share and monitor to a number of val/"),
            (bool(lazy), "optimizer is lazy_adamw, which tells the items of a batch by what it changes; allowed with "
             "privacy=dp_sgd are adamw and sgd"),
        ]
    )  # fmt: skip


def _of(setting: str, part: object, allowed: str) -> str:
    return f"{setting} is a {type(part).__name__}, allowed with privacy=dp_sgd is {allowed}; change {setting}"


def _refuse_first(refusals: Sequence[Refusal]) -> None:
    for holds, sentence in refusals:
        if holds:
            raise UserError(sentence)
